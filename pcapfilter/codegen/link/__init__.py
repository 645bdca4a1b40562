"""Is the next protocol P? One file per family of link layers, one row per link type.

A protocol is named by its Ethertype, or by its LLC SAP where it has none (up to 1500).
"""
