"""Many processes as one bot, on PostgreSQL: who does what (`leases`), and who hears of it (`bus`).

Only this package imports Procrastinate; without a PostgreSQL it is not imported itself.
"""
