"""The dashboard in the terminal. Widgets draw what the store holds and post what the person did."""
