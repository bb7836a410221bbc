"""Says who is who: records of one person, ids that tables write otherwise, ids from contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.clean.reading import Reading
from workbench.data.clean.rules import REASON, Flagged
from workbench.data.people import keys, pseudonyms, review
from workbench.data.people import linkage as identity
from workbench.data.people.contacts import normal_contact, region_of
from workbench.data.people.masking import NameBook
from workbench.data.people.parents import top_parents
from workbench.data.schemas import PEOPLE, Schema, known_by, rolled_up
from workbench.data.sources.source import ROW, Source


class Identities:
    """Who is who among the tables of a study, under the ids of their sources.

    Parameters
    ----------
    reading : Reading
        The tables, as their rows were judged.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.study = reading.study
        self.engine = reading.engine

    @cached_property
    def links(self) -> identity.Links:
        """Who is who among the customers."""
        if "customers" not in self.study.tables:
            return identity.Links()
        source, flagged, _ = self.reading.flagged("customers")
        if not _tell_people(flagged.expr.columns):
            return identity.Links()
        wanted = ("customer_id", *pseudonyms.PERSONAL_COLUMNS, "birth_year")
        columns = [c for c in wanted if c in flagged.expr.columns]
        good = flagged.expr.filter(flagged.expr[REASON].isnull()).order_by(ROW).select(*columns)
        people = self.engine.run(good, source.where)
        links = identity.link(
            people,
            region_of(self.study.time_zone),
            card=self.study.linkage,
            decisions=review.decisions(self.study),
        )
        review.list_doubtful(self.study, links, people)
        return links

    @cached_property
    def names(self) -> NameBook:
        """The customers' names, to be found in free texts."""
        if "customers" not in self.study.tables:
            return NameBook({})
        source, flagged, _ = self.reading.flagged("customers")
        t = flagged.expr
        if "name" not in t.columns:
            return NameBook({})
        frame = self.engine.run(
            t.filter(t[REASON].isnull() & t.name.notnull()).select("customer_id", "name"),
            source.where,
        )
        names = dict(zip(frame["customer_id"], frame["name"], strict=True))
        for other, first in self.links.canonical.items():
            names.setdefault(first, names.get(other, ""))
        return NameBook({i: n for i, n in names.items() if n})

    def by_contact(self, kept: Any, source: Source) -> tuple[Any, int]:
        """Fill a missing customer id from the row's phone or e-mail."""
        if source.name == "customers" or not {"phone", "email"} & set(kept.columns):
            return kept, 0
        region = region_of(self.study.time_zone)
        found = 0
        for column, known in (("phone", self.links.phones), ("email", self.links.emails)):
            if column not in kept.columns:
                continue
            lonely = kept.filter(kept.customer_id.isnull() & kept[column].notnull())
            texts = self.engine.run(lonely.select(column), source.where)[column]
            owners = {
                str(text): known[contact]
                for text in texts.unique()
                if (contact := normal_contact(column, str(text), region)) is not None
                and contact in known
            }
            if owners:
                kept = self._replace(kept, column, "customer_id", owners, only_null=True)
                found += int(texts.isin(list(owners)).sum())
        return kept, found

    def reference(self, schema: Schema | None) -> str | None:
        """Name the table whose ids another one's are matched with."""
        if schema is None or schema.name in PEOPLE:
            return None
        known = known_by(tuple(self.study.tables))
        return known if known in self.study.tables and schema.name != known else None

    def give_first_ids(
        self, kept: Any, source: Source, strange: list[str], other: str | None = "customers"
    ) -> tuple[Any, int]:
        """Give all records of a person the id of the first one."""
        changes = dict(self.links.canonical)
        if strange and other is not None:
            matched = self._matches(kept, source, strange, other)
            changes |= {one: changes.get(fit, fit) for one, fit in matched.items()}
        if not changes:
            return kept, 0
        touched = kept.filter(kept.customer_id.isin(list(changes))).count()
        n = int(self.engine.run(touched, source.where))
        if n == 0:
            return kept, 0
        return self._replace(kept, "customer_id", "customer_id", changes), n

    def linked(self, kept: Any, source: Source) -> Any:
        """Give all records of a person the id of the first one."""
        if "customers" in self.study.tables and source.name != "customers":
            strange = self.strange(kept, source, "customers")
            kept = self.give_first_ids(kept, source, strange)[0]
        return self.rolled_up(kept, source)

    def rolled_up(self, kept: Any, source: Source) -> Any:
        """Put the account on top in place of each account, where the card counts them so."""
        if source.name.startswith("accounts") or not self._tops:
            return kept
        return self._replace(kept, "customer_id", "customer_id", self._tops)

    @cached_property
    def _tops(self) -> dict[str, str]:
        """Give the account on top of each that has one above it."""
        found: dict[str, str] = {}
        for name in rolled_up(self.study):
            source, flagged, _ = self.reading.flagged(name)
            if not {"customer_id", "parent_id"} <= set(flagged.expr.columns):
                continue
            good = flagged.expr.filter(flagged.expr[REASON].isnull())
            rows = self.engine.run(good.select("customer_id", "parent_id"), source.where)
            top = top_parents(rows["customer_id"], rows["parent_id"], where=source.where)["top"]
            moved = rows["customer_id"] != top
            found |= dict(zip(rows.loc[moved, "customer_id"], top[moved], strict=True))
        return found

    def one_row_a_person(self, kept: Any) -> Any:
        """Keep a person's first record, completed by the later ones."""
        others = [c for c in kept.columns if c not in ("customer_id", ROW)]
        people = kept.group_by("customer_id").aggregate(
            **{ROW: kept[ROW].min()},
            **{c: kept[c].argmin(kept[ROW], where=kept[c].notnull()) for c in others},
        )
        return people.select(*kept.columns)

    def second_records(self, flagged: Flagged) -> Any:
        """Give the records of people who have one before."""
        t = flagged.expr
        return t.filter(t[REASON].isnull() & t.customer_id.isin(list(self.links.canonical)))

    def strange(self, kept: Any, source: Source, other: str) -> list[str]:
        """Give the ids that another table does not have."""
        return [str(one) for one in self._distinct(self._not_in(kept, other), source)]

    def unknown(self, kept: Any, source: Source, other: str | None) -> int:
        """Count the rows of ids that another table does not have."""
        rows = self._not_in(kept, other or "customers").count()
        return int(self.engine.run(rows, source.where))

    def _not_in(self, kept: Any, other: str) -> Any:
        """Give the rows of customers that a table does not have, nor another one of customers."""
        rows = kept.filter(kept.customer_id.notnull())
        also = (n for n in PEOPLE if other in PEOPLE and n in self.study.tables)
        for name in dict.fromkeys((other, *also)):
            _, flagged, _ = self.reading.flagged(name)
            people = flagged.expr.filter(flagged.expr[REASON].isnull())
            rows = rows.anti_join(people, "customer_id")
        return rows

    def rows_and_ids(self, name: str) -> tuple[Any, dict[str, str], Source]:
        """Give a table's readable rows under the ids of the source, and who is who among them."""
        source, flagged, schema = self.reading.flagged(name)
        firsts = dict(self.links.canonical)
        other = self.reference(schema)
        if other is not None and "customer_id" in flagged.expr.columns:
            strange = self.strange(flagged.expr, source, other)
            matched = self._matches(flagged.expr, source, strange, other) if strange else {}
            firsts |= {one: firsts.get(fit, fit) for one, fit in matched.items()}
        return flagged.expr, firsts, source

    def _matches(self, kept: Any, source: Source, strange: list[str], other: str) -> dict[str, str]:
        """Match ids that another table writes otherwise."""
        known = self._ids(other)
        own = {str(i) for i in self._distinct(kept, source)}
        matched = keys.match_without_case(strange, known, own)
        return matched | identity.matched_ids(set(strange) - set(matched), known)

    def _replace(
        self, table: Any, key: str, column: str, values: Mapping[str, str], only_null: bool = False
    ) -> Any:
        mapping = self.engine.upload(
            "links", pa.table({"key_": list(values), "value_": list(values.values())})
        )
        joined = table.left_join(mapping, table[key] == mapping.key_)
        names = {c: joined[c] for c in table.columns}
        order = (names[column], joined.value_) if only_null else (joined.value_, names[column])
        return joined.select(**{**names, column: ibis.coalesce(*order)})

    def _ids(self, name: str) -> set[str]:
        source, flagged, _ = self.reading.flagged(name)
        t = flagged.expr
        return set(self._distinct(t.filter(t[REASON].isnull()), source))

    def _distinct(self, rows: Any, source: Source) -> list[str]:
        ids = rows.filter(rows.customer_id.notnull()).select("customer_id").distinct()
        return list(self.engine.run(ids, source.where)["customer_id"])


def _tell_people(columns: Collection[str]) -> bool:
    """Tell whether a table holds enough to know a person again."""
    have = set(columns)
    return bool({"phone", "email"} & have) or {"name", "address"} <= have
