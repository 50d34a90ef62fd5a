"""Write a made-up transactions.csv with the columns of Kaggle's Acquire Valued Shoppers Challenge.

The real file (22 GB) needs a Kaggle account. This one lets sql/acquire_valued_shoppers.sql be tried
and tested: the same columns, the twenty companies of the paper, customers who come back more often
and spend more the more they bought on their first day, returns with negative amounts, missing
measures and companies that the experiment leaves out. The same arguments give the same file, byte
for byte.

    python scripts/make_shoppers_sample.py data/transactions.csv --customers 4000 --seed 1
"""

import argparse
import csv
import datetime
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The top twenty companies by number of customers, as the authors' notebooks list them.
COMPANIES = [
    "10000", "101200010", "101410010", "101600010", "102100020",
    "102700020", "102840020", "103000030", "103338333", "103400030",
    "103600030", "103700030", "103800030", "104300040", "104400040",
    "104470040", "104900040", "105100050", "105150050", "107800070",
]  # fmt: skip
OTHER_COMPANIES = ["101111010", "108500080", "1089520383"]
COLUMNS = [
    "id", "chain", "dept", "category", "company", "brand",
    "date", "productsize", "productmeasure", "purchasequantity", "purchaseamount",
]  # fmt: skip

FIRST_DAY = datetime.date(2012, 3, 2)
LAST_DAY = datetime.date(2013, 7, 28)
MEASURES = ("OZ", "CT", "LB", "LT", "")


@dataclass(frozen=True)
class Product:
    """What a company sells; some products bring customers back more often than others."""

    dept: int
    category: int
    brand: int
    size: float
    measure: str
    price: float
    loyalty: float


@dataclass(frozen=True)
class Company:
    """A company with its products and how well it keeps its customers."""

    name: str
    products: list[Product]
    retention: float


def make_company(rng: random.Random, name: str) -> Company:
    """A company with up to 24 products of a few brands in a few categories."""
    level = rng.uniform(1.0, 6.0)
    brands = {rng.randrange(100, 99_999): rng.gauss(0.0, 0.6) for _ in range(rng.randint(2, 6))}
    categories = [rng.randrange(100, 9_999) for _ in range(rng.randint(1, 6))]
    products = []
    for _ in range(rng.randint(6, 24)):
        category = rng.choice(categories)
        brand, loyalty = rng.choice(list(brands.items()))
        products.append(
            Product(
                dept=category // 100,
                category=category,
                brand=brand,
                size=round(rng.uniform(1, 64), 2),
                measure=rng.choice(MEASURES),
                price=round(level * rng.lognormvariate(0.0, 0.4), 2),
                loyalty=loyalty + rng.gauss(0.0, 0.3),
            )
        )
    return Company(name, products, retention=rng.gauss(0.3, 0.4))


def purchase(
    rng: random.Random,
    customer: int,
    chain: int,
    company: Company,
    product: Product,
    day: datetime.date,
) -> list[object]:
    """A row of the file."""
    quantity = 1 + int(rng.expovariate(1.2))
    amount = round(product.price * quantity * rng.uniform(0.8, 1.0), 2)
    if rng.random() < 0.01:
        quantity, amount = -quantity, -amount
    return [
        customer, chain, product.dept, product.category, company.name, product.brand,
        day.isoformat(), product.size, product.measure, quantity, amount,
    ]  # fmt: skip


def history(
    rng: random.Random, customer: int, chain: int, company: Company
) -> Iterator[list[object]]:
    """The purchases of one customer at one company."""
    day = FIRST_DAY + datetime.timedelta(days=int(rng.triangular(0, 200, 20)))
    basket = rng.choices(company.products, k=1 + int(rng.expovariate(1.0)))
    for product in basket:
        yield purchase(rng, customer, chain, company, product, day)

    favourite = max(basket, key=lambda product: product.price)
    spent = math.log(sum(product.price for product in basket) / favourite.price)
    appeal = company.retention + favourite.loyalty + spent + 0.4 * (chain % 3 - 1)
    comes_back = 1.0 / (1.0 + math.exp(-appeal))
    if rng.random() > comes_back:
        return
    gap = rng.lognormvariate(4.4 - 0.6 * appeal, 0.4)
    while True:
        day += datetime.timedelta(days=1 + int(rng.expovariate(1.0 / gap)))
        if day > LAST_DAY:
            return
        product = favourite if rng.random() < 0.7 else rng.choice(company.products)
        yield purchase(rng, customer, chain, company, product, day)


def transactions(customers: int, seed: int) -> Iterator[list[object]]:
    """All rows, customer by customer, each customer's in order of the day."""
    rng = random.Random(seed)
    companies = [make_company(rng, name) for name in (*COMPANIES, *OTHER_COMPANIES)]
    popularity = [rng.uniform(0.5, 2.0) for _ in companies]
    for number in range(customers):
        customer = 86_246 + 17 * number
        chain = rng.randint(1, 15)
        visited = dict.fromkeys(
            rng.choices(range(len(companies)), popularity, k=rng.randint(1, 16))
        )
        rows = [row for c in visited for row in history(rng, customer, chain, companies[c])]
        yield from sorted(rows, key=lambda row: str(row[COLUMNS.index("date")]))


def main() -> None:
    """Parse the arguments and write the file."""
    parser = argparse.ArgumentParser(description="Write a made-up transactions.csv.")
    parser.add_argument(
        "output", type=Path, help="where to write, for example data/transactions.csv"
    )
    parser.add_argument(
        "--customers", type=int, default=4_000, help="how many customers (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the random numbers (%(default)s)"
    )
    arguments = parser.parse_args()
    output: Path = arguments.output

    output.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with output.open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in transactions(arguments.customers, arguments.seed):
            writer.writerow(row)
            count += 1
    print(f"{output}: {count:,} purchases of {arguments.customers:,} customers")


if __name__ == "__main__":
    main()
