"""The numbers of the world: link types, protocols, addresses, names."""
