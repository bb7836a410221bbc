"""The standard tables of a study: their columns, what each holds, and what must be there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from workbench import trace
from workbench.study import Study
from workbench.study.survey import PREFIXES, SCORES, SERVQUAL_ITEMS, Survey

Kind = Literal[
    "id", "category", "free_text", "personal", "date", "moment", "number", "whole", "boolean",
    "answer", "duration", "times",
]  # fmt: skip


@dataclass(frozen=True)
class ColumnRule:
    """One standard column.

    Attributes
    ----------
    kind : str
        What it holds. `personal` columns serve linking only and never leave the engine. An
        `answer` is one to a question with a scale; see `workbench.data.clean.questions`. A
        `duration` is in seconds. `times` is how often something happened, or yes or no.
    required : bool
        Whether the table is of no use without it, and a row without a value in it.
    low, high : float, optional
        The range of valid numbers; one outside it empties the cell, and the row stays.
    old : bool
        Whether dates up to 1 January 1970 are real, and no placeholders.
    """

    kind: Kind
    required: bool = False
    low: float | None = None
    high: float | None = None
    old: bool = False


@dataclass(frozen=True)
class Schema:
    """One standard table: its columns, and the columns that make a row unique."""

    name: str
    columns: Mapping[str, ColumnRule]
    key: tuple[str, ...] = ()
    #: Whether of several rows with one key the last counts, in place of the first.
    latest: bool = False
    #: The column that says when a row happened.
    time: str | None = None


_ID = ColumnRule("id", required=True)
_WORD = ColumnRule("category")
_PERSONAL = ColumnRule("personal")

_ANSWER = ColumnRule("answer")


def _survey(asked: Survey | None) -> Schema:
    codes = asked.codes if asked is not None else ()
    every = [*SERVQUAL_ITEMS, *(item for item in codes if item not in SERVQUAL_ITEMS)]
    sides = [PREFIXES[side] for side in ("expectation", "perception")]
    items = {prefix + item: _ANSWER for prefix in sides for item in every}
    return Schema(
        "survey",
        {
            "respondent_id": _ID,
            "wave": ColumnRule("category", required=True),
            "answered_on": ColumnRule("date"),
            "customer_id": ColumnRule("id"),
            **dict(sorted(items.items())),
            **{PREFIXES["importance"] + item: _ANSWER for item in every},
            "seconds": ColumnRule("duration"),
            **dict.fromkeys(SCORES, _ANSWER),
            "comment": ColumnRule("free_text"),
            **dict.fromkeys(asked.open if asked is not None else (), ColumnRule("free_text")),
            **dict.fromkeys(asked.attention if asked is not None else (), _WORD),
            "language": _WORD,
            **{f"{what}_{coder}": _WORD for what in ("code", "tone") for coder in "ab"},
        },
        key=("respondent_id", "wave"),
        latest=True,
        time="answered_on",
    )


_SCHEMAS = {
    "customers": Schema(
        "customers",
        {
            "customer_id": _ID,
            "name": _PERSONAL,
            "phone": _PERSONAL,
            "email": _PERSONAL,
            "address": _PERSONAL,
            "birth_year": ColumnRule("whole", low=1900, high=2100),
            "gender": _WORD,
            "region": _WORD,
            "city": _WORD,
            "income_band": _WORD,
            "occupation": _WORD,
            "joined_on": ColumnRule("date"),
        },
        key=("customer_id",),
    ),
    "transactions": Schema(
        "transactions",
        {
            "customer_id": _ID,
            "date": ColumnRule("date", required=True),
            "amount": ColumnRule("number", required=True),
            "order_id": ColumnRule("id"),
            "channel": _WORD,
            # what a line of an order is of; a row is a line, or a whole order
            "product": _WORD,
            "category": _WORD,
            "quantity": ColumnRule("number"),
            "price": ColumnRule("number", low=0),
        },
        time="date",
    ),
    "contracts": Schema(
        "contracts",
        {
            "customer_id": _ID,
            "contract_id": _ID,
            "start": ColumnRule("date", required=True),
            "end": ColumnRule("date"),
            "plan": _WORD,
            "monthly_fee": ColumnRule("number", low=0),
        },
        key=("contract_id",),
        time="start",
    ),
    "interactions": Schema(
        "interactions",
        {
            "customer_id": _ID,
            "at": ColumnRule("moment", required=True),
            "channel": _WORD,
            "kind": _WORD,
            # More than a year is a code such as 9999, not a time.
            "response_hours": ColumnRule("number", low=0, high=8760),
            "resolved": ColumnRule("boolean"),
            # of a ticket system or the log of a call centre; see `data.summaries.contact_log`
            "ticket_id": ColumnRule("id"),
            "answered_at": ColumnRule("moment"),
            "resolved_at": ColumnRule("moment"),
            "due_at": ColumnRule("moment"),
            "team": _WORD,
            "agent": ColumnRule("id"),  # counted, and shown nowhere
            "reopened": ColumnRule("times"),
            "transferred": ColumnRule("times"),
            "abandoned": ColumnRule("boolean"),
            "handling_seconds": ColumnRule("duration"),
            "error": ColumnRule("boolean"),  # a mistake of ours: a wrong answer, a wrong delivery
            "cost": ColumnRule("number", low=0),
        },
        time="at",
    ),
    # What customers say unasked: tickets, posts, reviews, notes of calls. One row a text.
    "voices": Schema(
        "voices",
        {
            "comment": ColumnRule("free_text", required=True),
            "at": ColumnRule("moment", required=True),
            "voice_id": ColumnRule("id"),
            "customer_id": ColumnRule("id"),
            "channel": _WORD,
            "rating": ColumnRule("number", low=0),
            "language": _WORD,
            **{f"{what}_{coder}": _WORD for what in ("code", "tone") for coder in "ab"},
        },
        time="at",
    ),
    # The working list of a closed loop: whom a rule has found, and what became of it.
    "follow_ups": Schema(
        "follow_ups",
        {
            "customer_id": _ID,
            "rule": ColumnRule("category", required=True),
            "opened": ColumnRule("date", required=True),
            "about": _WORD,
            "owner_role": _WORD,
            "due": ColumnRule("date"),
            "closed": ColumnRule("date"),
            "action": _WORD,
            "settled": ColumnRule("boolean"),
        },
        time="opened",
    ),
    # What was done about a ticket, an order, a claim: one row a step.
    "steps": Schema(
        "steps",
        {
            "ticket_id": _ID,
            "activity": ColumnRule("category", required=True),
            "at": ColumnRule("moment", required=True),
            "customer_id": ColumnRule("id"),
            "team": _WORD,
            "agent": ColumnRule("id"),
        },
        time="at",
    ),
    "treatments": Schema(
        "treatments",
        {
            "case": ColumnRule("category", required=True),
            "customer_id": _ID,
            "start": ColumnRule("date", required=True),
        },
        key=("case", "customer_id"),
        time="start",
    ),
    # Business customers: who belongs to whom, what they could buy, whose they are.
    "accounts": Schema(
        "accounts",
        {
            "customer_id": _ID,
            "name": _PERSONAL,
            "phone": _PERSONAL,
            "email": _PERSONAL,
            "address": _PERSONAL,
            "parent_id": ColumnRule("id"),
            "industry": _WORD,
            "size": _WORD,
            "region": _WORD,
            "potential": ColumnRule("number", low=0),
            "owner_role": _WORD,
            "joined_on": ColumnRule("date"),
            # what somebody who knows better says of the account's health, why, and since when
            "health": ColumnRule("number", low=0, high=100),
            "health_reason": ColumnRule("free_text"),
            "health_on": ColumnRule("date"),
        },
        key=("customer_id",),
    ),
    "contacts": Schema(
        "contacts",
        {
            "contact_id": _ID,
            "customer_id": ColumnRule("id"),
            "name": _PERSONAL,
            "phone": _PERSONAL,
            "email": _PERSONAL,
            "address": _PERSONAL,
            "role": _WORD,
            "joined_on": ColumnRule("date"),
            "last_on": ColumnRule("date"),
        },
        key=("contact_id",),
    ),
    "opportunities": Schema(
        "opportunities",
        {
            "opportunity_id": _ID,
            "customer_id": ColumnRule("id"),
            "stage": ColumnRule("category", required=True),
            "amount": ColumnRule("number"),
            "opened": ColumnRule("date", required=True),
            "closed": ColumnRule("date"),
            "won": ColumnRule("boolean"),
            "source": _WORD,
            "reason": _WORD,
        },
        key=("opportunity_id",),
        time="opened",
    ),
    # When an opportunity entered each stage: without it the pipeline knows the last one alone.
    "stages": Schema(
        "stages",
        {
            "opportunity_id": _ID,
            "stage": ColumnRule("category", required=True),
            "entered": ColumnRule("date", required=True),
        },
        time="entered",
    ),
    "leads": Schema(
        "leads",
        {
            "lead_id": _ID,
            "customer_id": ColumnRule("id"),
            "created": ColumnRule("date", required=True),
            "source": _WORD,
            "status": _WORD,
            "converted": ColumnRule("boolean"),
            "converted_on": ColumnRule("date"),
        },
        key=("lead_id",),
        time="created",
    ),
    "visits": Schema(
        "visits",
        {
            "customer_id": _ID,
            "date": ColumnRule("date", required=True),
            "kind": _WORD,
            "owner_role": _WORD,
            "number": ColumnRule("whole", low=0),
        },
        time="date",
    ),
    # What is to be done about an account, by when: its plan, which no page shows.
    "plans": Schema(
        "plans",
        {
            "customer_id": _ID,
            "step": ColumnRule("free_text"),
            "due": ColumnRule("date", required=True),
            "done": ColumnRule("date"),
            "owner_role": _WORD,
        },
        time="due",
    ),
    # Offers that were made: of what, with which chance, and whether they were taken up.
    "offers": Schema(
        "offers",
        {
            "item": ColumnRule("category", required=True),
            "answered": ColumnRule("boolean", required=True),
            "chance": ColumnRule("number", low=0, high=1),
            "customer_id": ColumnRule("id"),
            "at": ColumnRule("moment"),
            "position": _WORD,
        },
        time="at",
    ),
    # Other rules for offers: with which chance each would offer an item, there.
    "rules": Schema(
        "rules",
        {
            "rule": ColumnRule("category", required=True),
            "item": ColumnRule("category", required=True),
            "chance": ColumnRule("number", required=True, low=0, high=1),
            "position": _WORD,
        },
    ),
    # Totals and rates from outside, about nobody: long, with the name of each series in
    # `indicator`, or wide, with a column of its own for each.
    "series": Schema(
        "series",
        {
            "date": ColumnRule("date", required=True, old=True),
            "indicator": _WORD,
            "value": ColumnRule("number"),
            "numerator": ColumnRule("number"),
            "denominator": ColumnRule("number", low=0),
            "se": ColumnRule("number", low=0),
            "n": ColumnRule("number", low=0),
        },
        time="date",
    ),
}

#: The column that says when a row came into the source, which may be long after it happened.
LOADED = "loaded_on"
#: Tables with one row a customer, the better known first.
PEOPLE = ("customers", "accounts")
#: The names of the standard tables.
STANDARD_TABLES = (
    "customers",
    "transactions",
    "contracts",
    "interactions",
    "survey",
    "treatments",
    "series",
    "accounts",
    "contacts",
    "opportunities",
    "stages",
    "leads",
    "visits",
    "plans",
    "steps",
    "offers",
    "rules",
    "voices",
    "follow_ups",
)


def schema_of(table: str, asked: Survey | None = None) -> Schema | None:
    """Give the schema of a standard table or of a variant of it.

    Parameters
    ----------
    table : str
        Such as ``transactions`` or ``transactions_sample``.
    asked : Survey, optional
        The survey's part of the card, which may list items beyond SERVQUAL's 22.

    Returns
    -------
    Schema or None
        None for a table that is not standard: it is read as it is.
    """
    for name in STANDARD_TABLES:
        if table == name or table.startswith(f"{name}_"):
            found = _survey(asked) if name == "survey" else _SCHEMAS[name]
            loaded = {} if found.time is None else {LOADED: ColumnRule("date")}
            return replace(found, columns={**found.columns, **loaded})
    return None


#: Other names that sources give to standard columns, for "did you mean".
ALIASES: Mapping[str, tuple[str, ...]] = {
    "customer_id": (
        "cust_id",
        "custid",
        "cust_no",
        "customerid",
        "customer_no",
        "customer",
        "client_id",
        "client",
        "member_id",
        "user_id",
        "客户编号",
        "客户号",
        "客户id",
        "会员号",
        "用户id",
    ),
    "date": (
        "sold_on",
        "order_date",
        "purchase_date",
        "invoice_date",
        "transaction_date",
        "datum",
        "日期",
        "交易日期",
        "订单日期",
        "购买日期",
    ),
    "amount": (
        "net",
        "total",
        "price",
        "value",
        "revenue",
        "sales",
        "dollar_value",
        "betrag",
        "金额",
        "交易金额",
        "订单金额",
        "消费金额",
    ),
    "order_id": ("order_no", "invoice", "invoice_no", "订单号", "订单编号"),
    "product": ("item", "product_name", "product_id", "sku", "article", "商品", "商品名称", "品名"),
    "category": ("product_category", "department", "类目", "品类", "商品分类"),
    "name": ("full_name", "customer_name", "姓名", "客户姓名", "客户名称"),
    "phone": ("mobile", "telephone", "tel", "cell", "手机", "手机号", "电话", "联系电话"),
    "email": ("e_mail", "mail", "email_address", "邮箱", "电子邮箱"),
    "address": ("street", "addr", "住址", "地址", "联系地址"),
    "contract_id": ("contract_no", "contract", "合同号", "合同编号"),
    "start": ("start_date", "started_on", "from", "开始日期", "生效日期"),
    "end": ("end_date", "ended_on", "until", "结束日期", "终止日期"),
    "at": ("timestamp", "time", "datetime", "created_at", "时间", "发生时间"),
    "ticket_id": ("ticket", "ticket_no", "case_id", "case_number", "工单号", "工单编号", "流水号"),
    "answered_at": ("first_response_at", "first_reply_at", "首次响应时间", "首次回复时间"),
    "resolved_at": ("solved_at", "closed_at", "resolved_time", "解决时间", "关闭时间", "完成时间"),
    "due_at": ("due_by", "due_by_time", "due_date", "sla_due", "截止时间", "承诺时间"),
    "team": ("group", "queue", "department", "班组", "组别", "技能组"),
    "comment": ("text", "body", "message", "review", "review_text", "内容", "评论内容", "正文"),
    "activity": ("step", "event", "action", "环节", "步骤", "活动"),
    "respondent_id": ("respondent", "response_id", "answer_id", "问卷编号", "受访者编号"),
    "wave": ("survey_wave", "round", "期次", "批次", "调查批次"),
    "parent_id": ("parent", "parent_account", "parentid", "上级客户", "母公司"),
    "opportunity_id": ("deal_id", "opportunity", "deal", "商机编号"),
    "contact_id": ("contact", "contact_no", "联系人编号"),
    "lead_id": ("lead", "lead_no", "线索编号"),
    "stage": ("stagename", "stage_name", "deal_stage", "销售阶段", "商机阶段", "阶段"),
    "opened": ("created", "created_on", "created_date", "create_date", "创建时间", "创建日期"),
    "closed": ("close_date", "closedate", "closing_date", "预计成交日期", "成交日期"),
    "case": ("case_name", "measure", "campaign", "措施", "项目"),
}

#: Words in the names of other columns that say: this is about a person.
PERSONAL_WORDS = (
    "name",
    "phone",
    "mobile",
    "telephone",
    "tel",
    "fax",
    "email",
    "e_mail",
    "mail",
    "address",
    "addr",
    "adresse",
    "direccion",
    "dirección",
    "indirizzo",
    "endereço",
    "street",
    "strasse",
    "straße",
    "plz",
    "postcode",
    "zip",
    "zipcode",
    "passport",
    "iban",
    "wechat",
    "weixin",
    "qq",
    "id_card",
    "idcard",
    "ssn",
    "birthday",
    "birth_date",
    "date_of_birth",
    "dob",
    "fullname",
    "firstname",
    "lastname",
    "surname",
    "username",
    "user_name",
    "nick",
    "cellphone",
    "whatsapp",
    "telegram",
    "imei",
    "imsi",
    "iccid",
    "msisdn",
    "mac_address",
    "ip_address",
    "device_id",
    "gps",
    "latitude",
    "longitude",
    "lat",
    "lng",
    "lon",
    "licence_plate",
    "license_plate",
    "plate_number",
    "card_number",
    "account_number",
    "national_id",
    "tax_id",
    "nin",
    "birthdate",
    "contact_person",
    "account_manager",
    "sales_rep",
    "salesperson",
    "agent",
    "employee",
    "owner",
    "rater",
    "vorname",
    "nachname",
    "telefon",
    "handynummer",
    "anschrift",
    "geburtsdatum",
    "kundenbetreuer",
    "ansprechpartner",
    "prenom",
    "prénom",
    "téléphone",
    "naissance",
    "courriel",
    "apellido",
    "apellidos",
    "correo",
    "teléfono",
    "telefono",
    "cognome",
    "nome",
    "sobrenome",
    "telefone",
    "endereco",
    "имя",
    "фамилия",
    "телефон",
    "адрес",
    "почта",
    "requester",
    "submitter",
    "assignee",
    "nickname",
    "负责人",
    "联系人",
    "收货人",
    "业务员",
    "经办人",
    "昵称",
    "网名",
    "用户名",
    "账号名",
    "客户经理",
    "客服姓名",
    "坐席",
    "销售员",
    "导购",
    "店员",
    "评分人",
    "证件号",
    "护照",
    "车牌",
    "银行卡",
    "卡号",
    "设备号",
    "经纬度",
    "经度",
    "纬度",
    "定位",
    "邮编",
    "座机",
    "联系方式",
    "微博",
    "抖音号",
    "電話",
    "手機",
    "郵箱",
    "身份證",
    "聯絡人",
    "メール",
    "電話番号",
    "住所",
    "生年月日",
    "이름",
    "전화",
    "주소",
    "会员名",
    "氏名",
    "担当者",
    "姓名",
    "电话",
    "手机",
    "邮箱",
    "地址",
    "住址",
    "身份证",
    "微信",
    "生日",
    "出生日期",
    "postalcode",
    "postal_code",
    "收件",
    "寄件",
    "mac",
    "wxopenid",
    "openid",
    "open_id",
    "unionid",
    "createdby",
    "created_by",
    "handled_by",
    "handledby",
    "updated_by",
    "modified_by",
    "entered_by",
    "telefonnummer",
    "rufnummer",
    "handy",
    "nombre",
    "nom_de_famille",
    "nif",
    "steuernummer",
    "taxid",
    "bankaccount",
    "bank_account",
    "kontonummer",
    "接待人",
    "录入人",
    "签收人",
    "录单人",
    "审核人",
    "经手人",
    "户主",
    "法人",
    "推荐人",
    "介绍人",
    "twitter",
    "handle",
    "qq号",
    "guardian",
    "spouse",
    "faceid",
    "face_id",
    "指纹",
    "人脸",
    "profilephoto",
    "photo",
    "avatar",
    "avatarurl",
    "头像",
    "照片",
    "签名",
    "hausnummer",
    "wohnort_strasse",
    "codice_fiscale",
    "cpf",
    "curp",
    "rut",
    "celular",
    "jméno",
    "příjmení",
    "imię",
    "nazwisko",
    "ad_soyad",
    "soyad",
    "паспорт",
    "инн",
    "снилс",
    "отчество",
    "이메일",
    "연락처",
    "contactfirst",
    "contact_first",
    "mobilnr",
    "kundenname",
    "geburtstag",
    "geburtsname",
    "fecha_nacimiento",
    "fecha_de_nacimiento",
    "支付宝",
    "坐标",
    "idfa",
    "oaid",
    "gaid",
    "android_id",
    "androidid",
    "clientip",
    "client_ip",
    "操作员",
    "受理人",
    "投诉人",
    "员工",
    "shipto",
    "ship_to",
    "bill_to",
    "фио",
    "имени",
    "お名前",
    "名前",
    "휴대폰",
    "relationship_manager",
    "case_manager",
    "assigned_to",
    "assignedto",
    "kontakt_name",
    "nachnamen",
    "vornamen",
    "telefone_celular",
    "data_nascimento",
    "date_naissance",
    "date_de_naissance",
)


def known_by(names: Collection[str]) -> str:
    """Name the table by which customers are known: their own, else that of their purchases."""
    return next((name for name in PEOPLE if name in names), "transactions")


def rolled_up(study: Study) -> list[str]:
    """Name the tables of accounts by whose parents all tables count."""
    with trace.quiet():  # the rule is noted where tables are told, not which tables there are
        tables = study.tables.items()
        return [n for n, table in tables if n.startswith("accounts") and table.roll_up]
