"""Readers of data that users bring: each has `read(info, data_root, accepted)`; what they read is noted by `files`."""
