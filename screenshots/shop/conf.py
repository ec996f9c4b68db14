"""What may change from day to day."""

NAME = "Tea and tableware"
CURRENCY = "EUR"
SHIPPING = 4.90
