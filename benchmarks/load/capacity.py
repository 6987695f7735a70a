"""What projects a day take, by measured costs: cores, workers, rows, bytes, money; what breaks first.

``python -m benchmarks.load.capacity --projects-per-day 10000 --minutes 20``. Measures nothing: it multiplies the rates
of the stages (``schemas/data/stage_rates.json``) and the footprint of a project (``footprint.json``). Prices are
options; without any, the result is in core-hours and bytes alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.harness.marked_tables import NOT_RUN, markdown_table
from benchmarks.load.capacity_inputs import PIXELS_PER_MEGAPIXEL, Site, Workload
from benchmarks.load.capacity_model import Bound, Capacity, model_capacity
from benchmarks.load.project_amounts import read_footprint
from core.domain.estimates import default_rates
from schemas.costs import PriceList
from schemas.options.project import ProjectOptions
from schemas.topics import PARTITIONS

GIB = 2**30
MONTH_DAYS = 30
MAX_TABLES_ROWS = 10
"""Tables that are listed; the smaller ones are summed."""


def gib(size_bytes: float) -> str:
    """Bytes in GiB or TiB."""
    size_gib = size_bytes / GIB
    return f"{size_gib / 1024:,.1f} TiB" if size_gib >= 1024 else f"{size_gib:.1f} GiB"


def _transactions(per_s: float | None) -> str:
    return f"transactions {NOT_RUN}" if per_s is None else f"{per_s:.0f} transactions/s"


def stages_table(capacity: Capacity) -> str:
    """Cores and workers."""
    rows = [
        (stage.stage, f"{stage.cpu_s:.1f}", f"{stage.cores:.1f}", str(stage.workers), str(capacity.site.partitions))
        for stage in capacity.stages
    ]
    rows += [(part.part, "", f"{part.cores:.1f}", "", "") for part in capacity.parts if part.cores >= 0.05]
    rows.append(("all", "", f"{capacity.cores:.0f}", str(sum(stage.workers for stage in capacity.stages)), ""))
    return markdown_table(("stage or part", "CPU-s a project", "cores at work", "workers", "partitions"), rows)


def stores_table(capacity: Capacity) -> str:
    """Kafka, Postgres, object storage."""
    kafka_bytes = sum(topic.bytes_per_day for topic in capacity.topics)
    kept_bytes = sum(topic.kept_bytes for topic in capacity.topics)
    rows_per_day = sum(table.rows_per_day for table in capacity.tables)
    source, results = capacity.source_bytes_per_day, capacity.result_bytes_per_day
    rows = [
        ("Kafka, one copy", f"{capacity.events_hz:.0f} events/s", gib(kafka_bytes), ""),
        (
            f"Kafka, {capacity.site.kafka_copies} copies",
            "",
            gib(kafka_bytes * capacity.site.kafka_copies),
            gib(kept_bytes),
        ),
        (
            "Postgres",
            f"{_transactions(capacity.commits_hz)}, {rows_per_day / 1e6:.1f} million rows a day",
            "",
            gib(sum(table.kept_bytes for table in capacity.tables)),
        ),
        ("object storage: sources", "", gib(source), gib(source * 365)),
        ("object storage: results", "", gib(results), gib(results * 365)),
        ("object storage: all, a month", "", gib((source + results) * MONTH_DAYS), ""),
    ]
    return markdown_table(("store", "rate", "bytes a day", "kept after a year"), rows)


def tables_table(capacity: Capacity) -> str:
    """The largest tables of Postgres."""
    largest = capacity.tables[:MAX_TABLES_ROWS]
    rows = [
        (
            f"`{table.table}`",
            f"{table.rows_per_day:,.0f}",
            "for ever" if table.kept_days is None else f"{table.kept_days:g} days",
            f"{table.kept_rows / 1e6:,.1f}",
            gib(table.kept_bytes),
        )
        for table in largest
    ]
    return markdown_table(("table", "rows a day", "kept", "million rows after a year", "with indexes"), rows)


def bounds_table(bounds: Sequence[Bound], count: int) -> str:
    """The bounds of the site, the one that breaks first on top."""
    rows = [
        (bound.name, f"{bound.needed:.1f}", f"{bound.available:.0f}", f"{bound.headroom:.2f}×", bound.remedy)
        for bound in bounds[:count]
    ]
    return markdown_table(("resource", "needed", "there", "headroom", "remedy"), rows)


def costs_text(capacity: Capacity) -> str:
    """Core-hours and, with prices, money."""
    provisioned = capacity.core_hours_per_day / capacity.site.utilisation
    hours_per_project = capacity.core_hours_per_day / capacity.workload.projects_per_day
    text = (
        f"{capacity.core_hours_per_day:,.0f} core-hours of work a day ({hours_per_project:.3f} a project),"
        f" {provisioned:,.0f} core-hours that must be there at {capacity.site.utilisation:.0%} utilisation"
    )
    money = capacity.money_per_day
    if money is not None:
        currency = capacity.site.prices.currency
        text += f"; {money:,.2f} {currency} a day, {money / capacity.workload.projects_per_day:.4f} a project"
    return text + "."


def describe(capacity: Capacity) -> str:
    """The workload in a sentence."""
    workload, shape = capacity.workload, capacity.shape
    return (
        f"{workload.projects_per_day:,.0f} projects a day of {workload.minutes:g} minutes, {workload.megapixels:.2f}"
        f" megapixels: {shape.spans} spans and {shape.clips} clips each, {workload.organisations} organisations with"
        " equal shares."
    )


def render(capacity: Capacity) -> str:
    """The model as Markdown."""
    parts = [
        describe(capacity), f"Footprint: {capacity.measured}.",
        stages_table(capacity), stores_table(capacity), tables_table(capacity),
        "What breaks first:", bounds_table(capacity.bounds, 8), costs_text(capacity),
    ]  # fmt: skip
    return "\n\n".join(parts)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command_line.add_argument("--projects-per-day", type=float, default=10_000.0)
    command_line.add_argument("--minutes", type=float, default=20.0, help="of video in a project (20)")
    command_line.add_argument("--width", type=int, default=1920, help="of the picture, in pixels (1920)")
    command_line.add_argument("--height", type=int, default=1080, help="of the picture, in pixels (1080)")
    command_line.add_argument("--clips", type=int, help="of a project; without: as the table of rates expects")
    command_line.add_argument("--organisations", type=int, default=100, help="with equal shares (100)")
    command_line.add_argument("--partitions", type=int, default=PARTITIONS, help=f"of each topic ({PARTITIONS})")
    command_line.add_argument("--kafka-copies", type=int, default=3, help="of each partition (3)")
    command_line.add_argument("--utilisation", type=float, default=0.7, help="of cores and workers (0.7)")
    command_line.add_argument("--cores", type=float, help="that there are; without: as many as needed")
    command_line.add_argument("--posts", type=float, help="POSTs a second at the knee, as measured")
    command_line.add_argument("--peak-factor", type=float, default=3.0, help="busiest hour to the day's mean (3)")
    command_line.add_argument("--cpu-hour", type=float, default=0.0, help="price of an hour of a core")
    command_line.add_argument("--stored-gb", type=float, default=0.0, help="price of 10⁹ bytes put into object storage")
    command_line.add_argument("--currency", default="", help="shown next to amounts")
    return command_line


def capacity_of(options: argparse.Namespace) -> Capacity:
    """The model of a command line."""
    workload = Workload(
        projects_per_day=options.projects_per_day, minutes=options.minutes, organisations=options.organisations,
        megapixels=options.width * options.height / PIXELS_PER_MEGAPIXEL, peak_factor=options.peak_factor,
        options=ProjectOptions() if options.clips is None else ProjectOptions(target_clips=options.clips),
    )  # fmt: skip
    site = Site(
        partitions=options.partitions, utilisation=options.utilisation, kafka_copies=options.kafka_copies,
        cores=options.cores, posts_hz=options.posts,
        prices=PriceList(currency=options.currency, cpu_hour=options.cpu_hour, stored_gb=options.stored_gb),
    )  # fmt: skip
    return model_capacity(workload, site, default_rates(), read_footprint())


def main() -> int:
    """Print the model."""
    print(render(capacity_of(parser().parse_args())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
