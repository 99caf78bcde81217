"""How samples are measured: the protocol, the features, the tables and files of results."""
