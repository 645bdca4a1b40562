"""Captures as batches of packets, and batches as captures."""
