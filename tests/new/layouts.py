"""Purchases made up once, and written in the layouts of many systems, with what is right of each.

The headings are those that the systems document for their exports; the rows are made up.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Order:
    """One order: some are cancelled, some are not yet paid."""

    number: int
    customer: int
    at: datetime
    lines: tuple[tuple[str, int, int], ...]  # item, pieces, price in cents
    state: str  # good, bad, open

    @property
    def cents(self) -> int:
        """What it comes to."""
        return sum(pieces * price for _, pieces, price in self.lines)

    @property
    def total(self) -> float:
        """The same, in whole units."""
        return self.cents / 100


def orders(n: int = 110, customers: int = 32) -> list[Order]:
    """Make orders; every fifth is cancelled, every ninth still open."""
    draw = random.Random(12)
    items = [("Mug", 1250), ("Poster", 899), ("Hoodie, L", 4590), ("Socks", 650)]
    found = []
    for i in range(n):
        chosen = draw.sample(items, draw.randint(1, 3))
        lines = tuple((item, draw.randint(1, 9), price) for item, price in chosen)
        state = "bad" if i % 5 == 4 else "open" if i % 9 == 8 else "good"
        at = datetime(2024, 1, 2, 9) + timedelta(
            days=draw.randint(0, 500), minutes=draw.randint(0, 700)
        )
        found.append(Order(1001 + i, 100 + draw.randint(0, customers - 1), at, lines, state))
    return found


ORDERS = orders()
GOOD = [o for o in ORDERS if o.state == "good"]


@dataclass(frozen=True)
class Case:
    """A file, and what is right of it."""

    name: str
    files: dict[str, bytes]
    columns: dict[str, str]
    total: float | None
    rows: int
    customers: int
    table: str = "transactions"
    keys: dict[str, Any] = field(default_factory=dict)
    #: Keys of questions that have to be asked.
    asks: tuple[str, ...] = ()


CASES: dict[str, Callable[[], Case]] = {}
KNOWN: list[str] = []
OTHER: list[str] = []


def case(known: bool) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    """Enter a layout: of a system that a preset knows, or of another."""

    def enter(make: Callable[[], Case]) -> Callable[[], Case]:
        CASES[make.__name__] = make
        (KNOWN if known else OTHER).append(make.__name__)
        return make

    return enter


def text(
    header: str | Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    before: str = "",
    after: str = "",
) -> bytes:
    """Write a table as text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header.split(delimiter) if isinstance(header, str) else header)
    writer.writerows(rows)
    return (before + out.getvalue() + after).encode(encoding)


def comma(value: float, places: int = 2) -> str:
    """Write a number as in Germany: 1.234,50."""
    return f"{value:,.{places}f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def mail(customer: int) -> str:
    """Give a customer's address."""
    return f"kim{customer}@example.com"


def _sum(found: Iterable[Order]) -> float:
    return round(sum(o.cents for o in found) / 100, 2)


def _people(found: Iterable[Order]) -> int:
    return len({o.customer for o in found})


def _case(name: str, data: bytes, columns: dict[str, str], found: list[Order], **more: Any) -> Case:
    rows = more.pop("rows", len(found))
    total = more.pop("total", _sum(found))
    return Case(name, {name: data}, columns, total, rows, _people(found), **more)


def _say(order: Order, good: str, bad: str, still_open: str) -> str:
    return {"good": good, "bad": bad, "open": still_open}[order.state]


# --- systems that a preset knows --------------------------------------------------------------


@case(known=True)
def hubspot_deals() -> Case:
    head = [
        "Record ID",
        "Deal Name",
        "Deal Stage",
        "Close Date",
        "Deal owner",
        "Amount",
        "Pipeline",
        "Create Date",
        "Associated Contact IDs",
        "Associated Company IDs",
        "Extra note",
    ]
    rows = [
        [
            9000 + o.number,
            f"Deal {o.number}",
            _say(o, "Closed Won", "Closed Lost", "Contract Sent"),
            f"{o.at:%Y-%m-%d %H:%M}",
            "Rep One",
            o.total,
            "Sales Pipeline",
            f"{o.at:%Y-%m-%d %H:%M}",
            70000 + o.customer,
            50000 + o.customer,
            "",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Associated Company IDs", "date": "Close Date", "amount": "Amount"}
    return _case("all-deals.csv", text(head, rows), columns, GOOD)


@case(known=True)
def woocommerce_export() -> Case:
    head = (
        "order_id,order_number,date,status,shipping_total,tax_total,order_total,order_currency,"
        "payment_method,customer_id,billing_first_name,billing_last_name,billing_email"
    )
    rows = [
        [
            o.number,
            o.number,
            f"{o.at:%Y-%m-%d %H:%M:%S}",
            _say(o, "completed", "cancelled", "pending"),
            "4.90",
            "0.00",
            o.total,
            "EUR",
            "paypal",
            0 if o.customer % 2 else o.customer,
            "Kim",
            "Berg",
            mail(o.customer),
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "billing_email", "date": "date", "amount": "order_total"}
    return _case("orders-export.csv", text(head, rows), columns, GOOD)


@case(known=True)
def woocommerce_lines() -> Case:
    head = (
        "Order Number,Order Status,Order Date,First Name (Billing),Last Name (Billing),"
        "Email (Billing),Phone (Billing),Payment Method Title,Order Subtotal Amount,"
        "Order Total Amount,SKU,Item Name,Quantity (- Refund),Item Cost"
    )
    rows = [
        [
            o.number,
            _say(o, "Completed", "Refunded", "Pending payment"),
            f"{o.at:%Y-%m-%d %H:%M}",
            "Kim",
            "Berg",
            mail(o.customer),
            "",
            "PayPal",
            o.total,
            o.total,
            item,
            item,
            n,
            p / 100,
        ]
        for o in ORDERS
        for item, n, p in o.lines
    ]
    columns = {
        "customer_id": "Email (Billing)",
        "date": "Order Date",
        "amount": "Order Total Amount",
        "order_id": "Order Number",
    }
    rows_kept = len(GOOD)
    return _case(
        "orders.csv", text(head, rows), columns, GOOD, rows=rows_kept, keys={"amount_per": "order"}
    )


@case(known=True)
def magento_grid() -> Case:
    head = [
        "ID",
        "Purchase Point",
        "Purchase Date",
        "Bill-to Name",
        "Ship-to Name",
        "Grand Total (Base)",
        "Grand Total (Purchased)",
        "Status",
        "Customer Email",
        "Customer Group",
        "Subtotal",
        "Shipping and Handling",
    ]
    rows = [
        [
            f"{o.number:09d}",
            "Main Website",
            f"{o.at:%b} {o.at.day}, {o.at:%Y %I:%M:%S %p}",
            "Kim Berg",
            "Kim Berg",
            f"${o.total:,.2f}",
            f"${o.total:,.2f}",
            _say(o, "Complete", "Canceled", "Pending"),
            mail(o.customer),
            "General",
            o.total,
            "5.00",
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "Customer Email",
        "date": "Purchase Date",
        "amount": "Grand Total (Base)",
    }
    return _case("export.csv", text(head, rows), columns, GOOD)


@case(known=True)
def stripe_charges() -> Case:
    head = (
        "id,object,amount,amount_refunded,balance_transaction,captured,created,currency,customer,"
        "description,livemode,paid,refunded,status"
    )
    rows = [
        [
            f"ch_3N{o.number}",
            "charge",
            o.cents,
            0,
            f"txn_{o.number}",
            "true",
            int((o.at - datetime(1970, 1, 1)).total_seconds()),
            "usd",
            f"cus_{o.customer}",
            "",
            "true",
            "true" if o.state == "good" else "false",
            "false",
            _say(o, "succeeded", "failed", "pending"),
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "customer", "date": "created", "order_id": "id"}
    return _case("charges.csv", text(head, rows), columns, GOOD, keys={"amount_unit": "cent"})


@case(known=True)
def stripe_dashboard() -> Case:
    head = [
        "id",
        "Description",
        "Seller Message",
        "Created (UTC)",
        "Amount",
        "Amount Refunded",
        "Currency",
        "Converted Amount",
        "Fee",
        "Status",
        "Customer ID",
        "Customer Email",
        "Captured",
        "Card ID",
    ]
    rows = [
        [
            f"ch_{o.number}",
            "Subscription",
            "Payment complete.",
            f"{o.at:%Y-%m-%d %H:%M:%S}",
            o.total,
            "0.00",
            "eur",
            o.total,
            "0.55",
            _say(o, "Paid", "Failed", "Requires capture"),
            f"cus_{o.customer}",
            mail(o.customer),
            "true",
            f"card_{o.number}",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Customer ID", "date": "Created (UTC)", "order_id": "id"}
    return _case("unified_payments.csv", text(head, rows), columns, GOOD)


@case(known=True)
def youzan_orders() -> Case:
    head = [
        "订单号",
        "订单状态",
        "订单创建时间",
        "买家付款时间",
        "买家昵称",
        "买家手机号",
        "商品名称",
        "商品数量",
        "商品单价",
        "订单实付金额",
        "收货人/提货人",
        "订单来源",
    ]
    rows = []
    for o in ORDERS:
        for k, (item, n, p) in enumerate(o.lines):
            rows.append(
                [
                    f"E2024{o.number}",
                    _say(o, "交易完成", "交易关闭", "待付款"),
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                    f"{o.at:%Y-%m-%d %H:%M:%S}",
                    f"买家{o.customer}",
                    f"138{o.customer:08d}",
                    item,
                    n,
                    p / 100,
                    o.total if k == 0 else "",
                    "张三",
                    "微信",
                ]
            )
    columns = {"customer_id": "买家手机号", "amount": "订单实付金额", "order_id": "订单号"}
    return _case(
        "订单报表.csv",
        text(head, rows, encoding="gb18030"),
        columns,
        GOOD,
        keys={"amount_per": "order"},
    )


@case(known=True)
def taobao_orders() -> Case:
    head = [
        "订单编号",
        "买家会员名",
        "买家支付宝账号",
        "买家应付货款",
        "买家应付邮费",
        "总金额",
        "买家实际支付金额",
        "订单状态",
        "收货人姓名",
        "订单创建时间",
        "订单付款时间",
        "宝贝标题",
        "宝贝总数量",
        "店铺名称",
    ]
    rows = [
        [
            f'="{2024000000000 + o.number}"',
            f"tb{o.customer}",
            mail(o.customer),
            o.total + 5,
            0,
            o.total + 5,
            o.total,
            _say(o, "交易成功", "交易关闭", "等待买家付款"),
            "李四",
            f"{o.at:%Y-%m-%d %H:%M:%S}",
            f"{o.at:%Y-%m-%d %H:%M:%S}" if o.state == "good" else "",
            "杯子",
            sum(n for _, n, _ in o.lines),
            "小店",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "买家会员名", "date": "订单创建时间", "amount": "买家实际支付金额"}
    return _case("ExportOrderList.csv", text(head, rows, encoding="gbk"), columns, GOOD)


@case(known=True)
def alipay_bill() -> Case:
    head = [
        "交易号                  ",
        "商家订单号               ",
        "交易创建时间              ",
        "付款时间                ",
        "最近修改时间              ",
        "交易来源地     ",
        "类型              ",
        "交易对方            ",
        "商品名称                ",
        "金额（元）   ",
        "收/支     ",
        "交易状态    ",
        "服务费（元）   ",
        "成功退款（元）  ",
        "备注                  ",
        "资金状态     ",
    ]
    rows = [
        [
            f"20240101{o.number}\t",
            f"T{o.number}\t",
            f"{o.at:%Y-%m-%d %H:%M:%S} ",
            f"{o.at:%Y-%m-%d %H:%M:%S} ",
            f"{o.at:%Y-%m-%d %H:%M:%S} ",
            "其他（包括阿里巴巴和外部商家）",
            "即时到账交易        ",
            f"顾客{o.customer}             ",
            "杯子                  ",
            f"{o.total:.2f}   ",
            "收入      " if o.number % 7 else "支出      ",
            _say(o, "交易成功", "交易关闭", "等待付款") + "    ",
            "0.00     ",
            "0.00     ",
            "                    ",
            "已收入     ",
        ]
        for o in ORDERS
    ]
    found = [o for o in GOOD if o.number % 7]
    before = (
        "支付宝交易记录明细查询\n账号:[shop@example.com]\n起始日期:[2024-01-01 00:00:00]    "
        "终止日期:[2025-12-31 00:00:00]\n"
        "---------------------------------交易记录明细列表------------------------------------\n"
    )
    after = (
        "------------------------------------------------------------------------------------\n"
        "共110笔记录\n已收入:120笔,100.00元\n导出时间:[2026-01-01 10:00:00]    用户:店主\n"
    )
    columns = {"customer_id": head[7].strip(), "date": head[3].strip(), "amount": head[9].strip()}
    return _case(
        "alipay_record.csv",
        text(head, rows, encoding="gbk", before=before, after=after),
        columns,
        found,
    )


@case(known=True)
def wechat_bill() -> Case:
    head = [
        "交易时间",
        "交易类型",
        "交易对方",
        "商品",
        "收/支",
        "金额(元)",
        "支付方式",
        "当前状态",
        "交易单号",
        "商户单号",
        "备注",
    ]
    rows = [
        [
            f"{o.at:%Y-%m-%d %H:%M:%S}",
            "二维码收款",
            f"顾客{o.customer}",
            '"杯子"',
            "收入" if o.number % 6 else "支出",
            f"¥{o.total:.2f}",
            "/",
            _say(o, "已存入零钱", "已全额退款", "支付失败"),
            f"10000{o.number}\t",
            f"{o.number}\t",
            "/",
        ]
        for o in ORDERS
    ]
    found = [o for o in GOOD if o.number % 6]
    pad = "," * 10
    before = "".join(
        f"{line}{pad}\n"
        for line in (
            "微信支付账单明细",
            "微信昵称：[店主]",
            "起始时间：[2024-01-01 00:00:00] 终止时间：[2025-12-31 00:00:00]",
            "导出类型：[全部]",
            "导出时间：[2026-01-01 10:00:00]",
            "",
            "共110笔记录",
            "收入：120笔 100.00元",
            "支出：20笔 10.00元",
            "中性交易：0笔 0.00元",
            "注：",
            "1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易",
            "",
            "----------------------微信支付账单明细列表--------------------",
        )
    )
    columns = {"customer_id": "交易对方", "date": "交易时间", "amount": "金额(元)"}
    return _case(
        "微信支付账单.csv", text(head, rows, encoding="utf-8-sig", before=before), columns, found
    )


@case(known=True)
def fxiaoke_deals() -> Case:
    head = [
        "商机名称(必填)",
        "客户名称(必填)",
        "商机金额(元)",
        "预计成交日期",
        "销售阶段(必填)",
        "赢单率(%)",
        "负责人(必填)",
        "创建时间",
    ]
    rows = [
        [
            f"商机{o.number}",
            f"客户{o.customer}有限公司",
            o.total,
            f"{o.at:%Y-%m-%d}",
            _say(o, "赢单", "输单", "方案报价"),
            80,
            "王五",
            f"{o.at:%Y-%m-%d %H:%M}",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "客户名称(必填)", "date": "预计成交日期", "amount": "商机金额(元)"}
    return _case("商机.csv", text(head, rows, encoding="gb18030"), columns, GOOD)


@case(known=True)
def fxiaoke_orders() -> Case:
    head = [
        "销售订单编号",
        "客户名称(必填)",
        "下单日期(必填)",
        "销售订单金额(元)(必填)",
        "生命状态",
        "负责人",
        "已回款金额(元)",
        "待回款金额(元)",
    ]
    rows = [
        [
            f"SO{o.number}",
            f"客户{o.customer}有限公司",
            f"{o.at:%Y-%m-%d}",
            o.total,
            _say(o, "正常", "作废", "未生效"),
            "王五",
            round(o.total / 2, 2),
            round(o.total / 2, 2),
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "客户名称(必填)",
        "date": "下单日期(必填)",
        "amount": "销售订单金额(元)(必填)",
    }
    return _case("销售订单.csv", text(head, rows), columns, GOOD)


@case(known=True)
def fxiaoke_payments() -> Case:
    head = [
        "回款编号",
        "客户名称",
        "销售订单编号",
        "回款日期",
        "本次回款金额(元)",
        "回款方式",
        "负责人",
    ]
    rows = [
        [
            f"HK{o.number}",
            f"客户{o.customer}有限公司",
            f"SO{o.number}",
            f"{o.at:%Y-%m-%d}",
            o.total,
            "转账",
            "王五",
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "客户名称",
        "date": "回款日期",
        "amount": "本次回款金额(元)",
        "order_id": "回款编号",
    }
    return _case("回款.csv", text(head, rows), columns, ORDERS)


@case(known=True)
def salesforce_report() -> Case:
    head = [
        "Opportunity ID",
        "Opportunity Name",
        "Account ID",
        "Account Name",
        "Stage",
        "Amount",
        "Close Date",
        "Probability (%)",
        "Lead Source",
        "Opportunity Owner",
    ]
    rows = [
        [
            f"006{o.number:012d}",
            f"Deal {o.number}",
            f"001{o.customer:012d}",
            f"Firm {o.customer}",
            _say(o, "Closed Won", "Closed Lost", "Prospecting"),
            o.total,
            f"{o.at.month}/{o.at.day}/{o.at:%Y}",
            100,
            "Web",
            "Rep",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Account ID", "date": "Close Date", "amount": "Amount"}
    return _case("report1700000.csv", text(head, rows, encoding="cp1252"), columns, GOOD)


# --- other systems ----------------------------------------------------------------------------


@case(known=False)
def german_shop() -> Case:
    head = (
        "Bestellnummer;Bestelldatum;Kundennummer;Artikel;Menge;Einzelpreis;Zeilensumme (EUR);"
        "Status;Bearbeiter"
    )
    rows = [
        [
            o.number,
            f"{o.at:%d.%m.%Y}",
            o.customer,
            item,
            n,
            comma(p / 100),
            comma(n * p / 100),
            _say(o, "bezahlt", "storniert", "offen"),
            "Meier",
        ]
        for o in ORDERS
        for item, n, p in o.lines
    ]
    columns = {
        "customer_id": "Kundennummer",
        "date": "Bestelldatum",
        "amount": "Zeilensumme (EUR)",
        "order_id": "Bestellnummer",
    }
    return _case(
        "umsatz.csv",
        text(head, rows, delimiter=";", encoding="cp1252"),
        columns,
        GOOD,
        rows=sum(len(o.lines) for o in GOOD),
    )


@case(known=False)
def french_orders() -> Case:
    head = "N° commande;Date de commande;Client;Montant TTC;Mode de paiement;Statut;Vendeur"
    rows = [
        [
            f"CMD-{o.number}",
            f"{o.at:%d/%m/%Y %H:%M}",
            f"Client {o.customer}",
            f"{o.total:,.2f}".replace(",", " ").replace(".", ","),
            "carte",
            _say(o, "Payée", "Annulée", "En attente"),
            "Luc",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Client", "date": "Date de commande", "amount": "Montant TTC"}
    return _case("commandes.csv", text(head, rows, delimiter=";"), columns, GOOD)


@case(known=False)
def japanese_shop() -> Case:
    head = [
        "注文番号",
        "注文日",
        "会員ID",
        "氏名",
        "商品名",
        "数量",
        "単価(税込)",
        "ステータス",
        "担当者",
    ]
    rows = [
        [
            f"A{o.number}",
            f"{o.at:%Y/%m/%d}",
            f"M{o.customer}",
            "山田 太郎",
            item,
            n,
            p,
            _say(o, "発送済み", "キャンセル", "未入金"),
            "佐藤",
        ]
        for o in ORDERS
        for item, n, p in o.lines
    ]
    columns = {
        "customer_id": "会員ID",
        "date": "注文日",
        "order_id": "注文番号",
        "quantity": "数量",
    }
    return _case(
        "受注.csv",
        text(head, rows, encoding="cp932"),
        columns,
        GOOD,
        rows=sum(len(o.lines) for o in GOOD),
        total=float(sum(o.cents for o in GOOD)),
    )


@case(known=False)
def spanish_orders() -> Case:
    head = "Nº pedido;Fecha;Cliente;Importe total;Estado;Vendedor"
    rows = [
        [
            o.number,
            f"{o.at:%d-%m-%Y}",
            f"CL{o.customer}",
            comma(o.total) + " €",
            _say(o, "Pagado", "Cancelado", "Pendiente"),
            "Ana",
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "Cliente",
        "date": "Fecha",
        "amount": "Importe total",
        "order_id": "Nº pedido",
    }
    return _case("ventas.csv", text(head, rows, delimiter=";"), columns, GOOD)


@case(known=False)
def point_of_sale() -> Case:
    head = (
        "Receipt No,Sale Time,Store,Cashier,Member Card No,SKU,Qty,Unit Price,Line Discount,"
        "Payment Type"
    )
    rows = [
        [
            f"R{o.number}",
            f"{o.at:%Y-%m-%d %H:%M}",
            "North",
            "Till 2",
            f"880{o.customer}",
            item,
            n,
            p / 100,
            "0.00" if k else "0.50",
            "cash",
        ]
        for o in ORDERS
        for k, (item, n, p) in enumerate(o.lines)
    ]
    columns = {"customer_id": "Member Card No", "date": "Sale Time", "order_id": "Receipt No"}
    return _case(
        "pos.csv",
        text(head, rows),
        columns,
        ORDERS,
        rows=sum(len(o.lines) for o in ORDERS),
        total=round(_sum(ORDERS) - 0.5 * len(ORDERS), 2),
        asks=("amount",),
    )


@case(known=False)
def database_dump() -> Case:
    head = "id,user_id,created_at,updated_at,total_cents,currency,state,shipping_city"
    rows = [
        [
            o.number,
            o.customer,
            f"{o.at:%Y-%m-%dT%H:%M:%SZ}",
            f"{o.at:%Y-%m-%dT%H:%M:%SZ}",
            o.cents,
            "EUR",
            _say(o, "paid", "cancelled", "pending"),
            "Ulm",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "user_id", "date": "created_at", "amount": "total_cents"}
    return _case("orders_dump.csv", text(head, rows), columns, GOOD, keys={"amount_unit": "cent"})


@case(known=False)
def visits_without_amounts() -> Case:
    head = "VisitId,PatientId,VisitDate,ProviderName,Department"
    rows = [
        [o.number, f"P{o.customer}", f"{o.at:%Y-%m-%d}", f"Dr {o.number % 4}", "Dental"]
        for o in ORDERS
    ]
    columns = {"customer_id": "PatientId", "date": "VisitDate"}
    return _case(
        "visits.csv", text(head, rows), columns, ORDERS, total=None, keys={"amount": "none"}
    )


@case(known=False)
def donations() -> Case:
    head = "Gift ID,Donor ID,Gift Date,Gift Amount,Fund,Appeal,Solicitor"
    rows = [
        [
            f"G{o.number}",
            f"D{o.customer}",
            f"{o.at:%d %b %Y}",
            f"${o.total:,.2f}",
            "General",
            "Spring",
            "Ann",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Donor ID", "date": "Gift Date", "amount": "Gift Amount"}
    return _case("gifts.csv", text(head, rows), columns, ORDERS)


@case(known=False)
def chinese_contract_book() -> Case:
    head = ["序号", "合同编号", "客户名称", "签约日期", "合同金额（万元）", "销售负责人", "备注"]
    rows = [
        [k, f"HT-{o.number}", f"客户{o.customer}", f"{o.at:%Y年%m月%d日}", o.total / 10, "赵六", ""]
        for k, o in enumerate(ORDERS, start=1)
    ]
    columns = {"customer_id": "客户名称", "date": "签约日期", "amount": "合同金额（万元）"}
    return _case(
        "签约台账.csv",
        text(head, rows, encoding="gb18030"),
        columns,
        ORDERS,
        total=_sum(ORDERS) * 1000,
        keys={"amount_unit": "ten_thousand"},
    )


@case(known=True)
def pipedrive_deals() -> Case:
    head = [
        "Deal - ID",
        "Deal - Title",
        "Deal - Owner",
        "Deal - Value",
        "Deal - Currency of Value",
        "Deal - Organization",
        "Deal - Contact person",
        "Deal - Stage",
        "Deal - Status",
        "Deal - Deal created",
        "Deal - Won time",
        "Deal - Probability",
    ]
    rows = [
        [
            o.number,
            f"Deal {o.number}",
            "Rep",
            o.total,
            "EUR",
            f"Org {o.customer}",
            f"Kim {o.customer}",
            "Proposal made",
            _say(o, "Won", "Lost", "Open"),
            f"{o.at:%Y-%m-%d %H:%M:%S}",
            f"{o.at:%Y-%m-%d %H:%M:%S}" if o.state == "good" else "",
            "",
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "Deal - Organization",
        "date": "Deal - Won time",
        "amount": "Deal - Value",
    }
    return _case("deals-1234.csv", text(head, rows), columns, GOOD)


@case(known=False)
def dynamics_opportunities() -> Case:
    head = [
        "(Do Not Modify) Opportunity",
        "Topic",
        "Potential Customer",
        "Actual Close Date",
        "Est. close date",
        "Actual Revenue",
        "Est. revenue",
        "Status",
        "Probability",
        "Owner",
    ]
    rows = [
        [
            f"8f1c{o.number}-0a",
            f"Topic {o.number}",
            f"Firm {o.customer}",
            f"{o.at:%Y-%m-%d}",
            f"{o.at:%Y-%m-%d}",
            o.total,
            o.total * 1.2,
            _say(o, "Won", "Lost", "Open"),
            50,
            "Rep",
        ]
        for o in ORDERS
    ]
    columns = {
        "customer_id": "Potential Customer",
        "date": "Actual Close Date",
        "amount": "Actual Revenue",
    }
    return _case("My Opportunities.csv", text(head, rows), columns, GOOD)


@case(known=False)
def square_transactions() -> Case:
    head = [
        "Date",
        "Time",
        "Time Zone",
        "Gross Sales",
        "Discounts",
        "Net Sales",
        "Tax",
        "Tip",
        "Total Collected",
        "Source",
        "Card",
        "Transaction ID",
        "Staff Name",
        "Customer ID",
        "Customer Name",
    ]
    rows = [
        [
            f"{o.at:%m/%d/%y}",
            f"{o.at:%H:%M:%S}",
            "Eastern Time (US & Canada)",
            f"${o.total:,.2f}",
            "$0.00",
            f"${o.total:,.2f}",
            "$0.00",
            "$0.00",
            f"${o.total:,.2f}",
            "Register",
            "",
            f"tx{o.number}",
            "Bo",
            f"SQ{o.customer}",
            f"Kim {o.customer}",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Customer ID", "date": "Date", "order_id": "Transaction ID"}
    return _case("transactions-2024.csv", text(head, rows), columns, ORDERS)


@case(known=False)
def marketplace_orders() -> Case:
    head = [
        "amazon-order-id",
        "merchant-order-id",
        "purchase-date",
        "last-updated-date",
        "order-status",
        "sku",
        "quantity",
        "currency",
        "item-price",
        "item-tax",
        "buyer-email",
    ]
    rows = [
        [
            f"302-{o.number}-77",
            "",
            f"{o.at:%Y-%m-%dT%H:%M:%S+00:00}",
            f"{o.at:%Y-%m-%dT%H:%M:%S+00:00}",
            _say(o, "Shipped", "Cancelled", "Pending"),
            item,
            n,
            "EUR",
            n * p / 100,
            "0.0",
            mail(o.customer),
        ]
        for o in ORDERS
        for item, n, p in o.lines
    ]
    columns = {
        "customer_id": "buyer-email",
        "date": "purchase-date",
        "amount": "item-price",
        "order_id": "amazon-order-id",
    }
    return _case(
        "orders.txt",
        text(head, rows, delimiter="\t"),
        columns,
        GOOD,
        rows=sum(len(o.lines) for o in GOOD),
    )


@case(known=False)
def titled_list() -> Case:
    head = "Kunden-Nr.;Rg.-Datum;Rg.-Nr.;Nettobetrag"
    rows = [[f"K{o.customer}", f"{o.at:%d.%m.%y}", o.number, comma(o.total)] for o in ORDERS]
    before = "Umsatzliste 2024/25;;;\nerstellt am 01.07.2025;;;\n;;;\n"
    after = f"Summe;;;{comma(_sum(ORDERS))}\n"
    columns = {"customer_id": "Kunden-Nr.", "date": "Rg.-Datum", "amount": "Nettobetrag"}
    return _case(
        "liste.csv", text(head, rows, delimiter=";", before=before, after=after), columns, ORDERS
    )


@case(known=False)
def paypal_activity() -> Case:
    head = [
        "Date",
        "Time",
        "TimeZone",
        "Name",
        "Type",
        "Status",
        "Currency",
        "Gross",
        "Fee",
        "Net",
        "From Email Address",
        "To Email Address",
        "Transaction ID",
        "Balance",
    ]
    rows = [
        [
            f"{o.at:%d/%m/%Y}",
            f"{o.at:%H:%M:%S}",
            "CET",
            f"Kim {o.customer}",
            "Express Checkout Payment",
            _say(o, "Completed", "Refunded", "Pending"),
            "EUR",
            comma(o.total),
            "-0,35",
            comma(o.total - 0.35),
            mail(o.customer),
            "shop@example.com",
            f"9X{o.number}A",
            "100,00",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "From Email Address", "date": "Date", "amount": "Gross"}
    return _case("Download.CSV", text(head, rows), columns, GOOD)


@case(known=False)
def korean_orders() -> Case:
    head = ["주문번호", "주문일", "회원번호", "결제금액", "주문상태", "담당자"]
    rows = [
        [
            f"K{o.number}",
            f"{o.at:%Y.%m.%d}",
            f"U{o.customer}",
            f"{o.cents:,}",
            _say(o, "배송완료", "취소", "대기"),
            "김",
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "회원번호", "date": "주문일", "amount": "결제금액"}
    return _case(
        "orders_kr.csv", text(head, rows), columns, GOOD, total=float(sum(o.cents for o in GOOD))
    )


@case(known=False)
def italian_invoices() -> Case:
    head = "Numero fattura;Data fattura;Codice cliente;Ragione sociale;Imponibile;IVA;Totale;Stato"
    rows = [
        [
            f"FT{o.number}",
            f"{o.at:%d/%m/%Y}",
            f"C{o.customer}",
            f"Ditta {o.customer}",
            comma(o.total * 0.8),
            comma(o.total * 0.2),
            comma(o.total),
            _say(o, "Pagato", "Annullato", "In attesa"),
        ]
        for o in ORDERS
    ]
    columns = {"customer_id": "Codice cliente", "date": "Data fattura", "amount": "Totale"}
    return _case("fatture.csv", text(head, rows, delimiter=";"), columns, GOOD)


@case(known=True)
def bigcommerce_orders() -> Case:
    head = (
        "Order ID,Customer ID,Customer Name,Customer Email,Order Date,Order Time,Order Status,"
        "Subtotal (inc tax),Order Total (inc tax),Order Total (ex tax),Payment Method,"
        "Total Quantity,Total Shipped,Date Shipped,Order Currency Code,Exchange Rate"
    )
    rows = [
        [o.number, o.customer, f"Kim {o.customer}", mail(o.customer), f"{o.at:%m/%d/%Y}",
         f"{o.at:%H:%M:%S}", _say(o, "Completed", "Declined", "Awaiting Payment"),
         f"{o.total:.2f}", f"{o.total + 4:.2f}", f"{(o.total + 4) / 1.2:.2f}", "Stripe",
         sum(pieces for _, pieces, _ in o.lines), 0, "", "USD", "1.0000000000"]
        for o in ORDERS
    ]  # fmt: skip
    columns = {
        "customer_id": "Customer Email", "date": "Order Date", "order_id": "Order ID",
        "amount": "Order Total (inc tax)",
    }  # fmt: skip
    total = round(_sum(GOOD) + 4 * len(GOOD), 2)
    return _case("orders.csv", text(head, rows), columns, GOOD, total=total)


@case(known=False)
def russian_deals() -> Case:
    head = (
        "ID,Тип,Полное имя контакта,Компания,Ответственный,Название сделки,Бюджет ₽,Дата создания,"
        "Дата закрытия,Воронка,Этап сделки"
    )
    states = ("Успешно реализовано", "Закрыто и не реализовано", "Переговоры")
    rows = [
        [o.number, "Сделка", f"Клиент {o.customer}", f"ООО Лютик {o.customer}", "Петров",
         f"Заявка {o.number}", o.cents, f"{o.at:%d.%m.%Y %H:%M:%S}",
         "не закрыта" if o.state == "open" else f"{o.at:%d.%m.%Y %H:%M:%S}", "Воронка",
         _say(o, *states)]
        for o in ORDERS
    ]  # fmt: skip
    columns = {
        "customer_id": "Компания", "date": "Дата закрытия", "amount": "Бюджет ₽", "order_id": "ID",
    }  # fmt: skip
    return _case("leads.csv", text(head, rows), columns, GOOD, total=float(_sum(GOOD) * 100))


@case(known=False)
def events_of_a_shop() -> Case:
    head = "Timestamp,Metric,Event ID,Profile ID,Email,Value,Currency,OrderId"
    rows = [
        [f"{o.at:%Y-%m-%d %H:%M:%S}-05:00", _say(o, "Placed Order", "Cancelled Order",
         "Started Checkout"), f"ev{o.number:08x}", f"01H{o.customer:05d}XY", mail(o.customer),
         f"{o.total:.2f}", "USD", o.number]
        for o in ORDERS
    ]  # fmt: skip
    columns = {"customer_id": "Email", "date": "Timestamp", "amount": "Value"}
    return _case("events.csv", text(head, rows), columns, GOOD)


@case(known=False)
def chinese_goods_issues() -> Case:
    head = "日期,单据编号,购货单位,产品名称,单位,实发数量,销售单价,销售金额,部门,业务员"
    rows = [
        [f"{o.at:%Y/%m/%d}", f"XOUT{o.number:06d}", f"甲{o.customer}商贸有限公司", item, "个",
         f"{pieces}.00", f"{price / 100:.4f}", f"{pieces * price / 100:,.2f}", "销售部", "李四"]
        for o in GOOD for item, pieces, price in o.lines
    ]  # fmt: skip
    columns = {
        "customer_id": "购货单位", "date": "日期", "amount": "销售金额", "order_id": "单据编号",
        "quantity": "实发数量",
    }  # fmt: skip
    return _case("出库.csv", text(head, rows, encoding="gb18030"), columns, GOOD, rows=len(rows))
