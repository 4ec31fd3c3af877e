"""Networks of others beside the hourglass, trained alike on LSPET at equal cost."""
