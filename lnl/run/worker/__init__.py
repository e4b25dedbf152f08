"""The warm worker: one process per DAG that has imported what jobs need, and forks a copy of itself for every job.

Importing torch takes seconds, a small run one. On one machine the head of a DAG starts a worker (`server`); `lnl`, as a
job calls it, hands its command over and waits (`client`). The copy runs in a process of its own, with the job's
arguments, environment, folder and files: own record, own log, own failure, own memory. Without a worker (by hand, on a
cluster, where forking is not safe) the command runs where it was called; results are the same.
"""
