"""The service of the example add-on: it greets everybody on the user's list."""
