"""What do we decide? Pure functions and frozen records: no network, no database, no Prefect."""
