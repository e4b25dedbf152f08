"""What a run will cost: its work, counted (`work`), over the speed of this device, measured (`speed`).

Neither trains anything. Both are kept in the cache.
"""
