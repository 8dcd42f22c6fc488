"""Name countries and territories: ISO 3166-1 alpha-2 codes and ISO's common names."""

import pycountry

EUROPEAN_UNION = "EU"  # reserved by ISO for the union; a licence may exclude it as a whole
IN_USE = {"UK": "GB", "EL": "GR"}  # the EU's codes where they differ from ISO's


def known(code: str) -> bool:
    """Say whether a code is an ISO 3166-1 alpha-2 code, in upper case."""
    return len(code) == 2 and code.isupper() and pycountry.countries.get(alpha_2=code) is not None


def suggest(given: str) -> str | None:
    """Return the code that somebody who wrote a name, three letters, small letters or the EU's code meant."""
    try:
        return IN_USE.get(given.upper()) or str(pycountry.countries.lookup(given).alpha_2)
    except LookupError:
        return None


def country_name(code: str) -> str:
    """Return ISO's common name where there is one: Taiwan, not "Taiwan, Province of China"."""
    country = pycountry.countries.get(alpha_2=code)
    assert country is not None, f"{code!r} is no ISO 3166-1 alpha-2 code"
    return str(getattr(country, "common_name", country.name))
