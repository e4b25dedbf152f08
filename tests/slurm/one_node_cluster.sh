#!/usr/bin/env bash
# A Slurm cluster of one node on the loopback address, for tests. Everything it writes lies in one folder.
#
#   one_node_cluster.sh start DIR    write the configuration into DIR, start munged, slurmctld and slurmd,
#                                    wait until the node takes jobs
#   one_node_cluster.sh stop DIR     cancel what runs, end the three daemons
# `start` prints the two variables by which sbatch, squeue and Snakemake find the cluster: eval "$(… start DIR)".
#
# Needs root and, on Debian or Ubuntu: apt-get install --no-install-recommends slurmd slurmctld slurm-client munge. It neither reads nor changes /etc/slurm or
# /etc/munge, and uses ports of its own, so that it can run beside a real Slurm.
#
# LNL_SLURM_CPUS   processors that the node declares (default: what the machine has)
# LNL_SLURM_GPUS   GPUs that the node pretends to have (default 0): Slurm counts and hands them out, none exists
set -euo pipefail

usage() { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd -P)
export SLURM_CONF=$dir/slurm.conf

# True while the process whose number stands in the file lives.
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

end() { # end PIDFILE: ask, wait up to five seconds, then insist
    alive "$1" || return 0
    local pid
    pid=$(cat "$1")
    kill "$pid"
    for _ in $(seq 50); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

configure() {
    local host cpus memory gpus gres=
    host=$(hostname -s)
    cpus=${LNL_SLURM_CPUS:-$(getconf _NPROCESSORS_ONLN)}  # not nproc, which heeds OMP_NUM_THREADS
    gpus=${LNL_SLURM_GPUS:-0}
    memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    mkdir -p "$dir/munge" "$dir/state" "$dir/spool" "$dir/log"
    chmod 755 "$dir" "$dir/munge"   # munged refuses a socket in a folder that not everyone can enter

    (umask 077 && head -c 1024 /dev/urandom >"$dir/munge/key")
    if [ "$gpus" -gt 0 ]; then
        # Slurm believes in a GPU when its device file exists; without cgroups nobody opens it.
        gres="Gres=gpu:$gpus"
        for n in $(seq 0 $((gpus - 1))); do touch "$dir/gpu$n"; done
        echo "Name=gpu File=$dir/gpu[0-$((gpus - 1))]" >"$dir/gres.conf"
    fi
    cat >"$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
MailProg=/bin/true
# No accounting daemon: sacct knows nothing here, squeue remembers a finished job for MinJobAge seconds.
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=300
# No cgroups: they are not to be had in a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
GresTypes=gpu
ReturnToService=2
# The node is what this file says, whatever the hardware is.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory $gres State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    # Inside a job the Slurm plugin of Snakemake clears SLURM_CONF with the other SLURM_ variables before it calls srun.
    mkdir -p "$dir/bin"
    printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$dir/bin/srun"
    chmod 755 "$dir/bin/srun"
}

case $action in
start)
    [ "$(id -u)" -eq 0 ] || { echo "one_node_cluster.sh: Slurm's daemons are started here as root" >&2; exit 1; }
    for tool in munged slurmctld slurmd sbatch; do
        command -v "$tool" >/dev/null || { echo "one_node_cluster.sh: $tool is missing: apt-get install --no-install-recommends slurmd slurmctld slurm-client munge" >&2; exit 1; }
    done
    configure
    munged --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
        --seed-file="$dir/munge/seed" --log-file="$dir/log/munged.log" --num-threads=2
    slurmctld -c
    slurmd -c
    for _ in $(seq 100); do
        if sinfo --noheader --format=%T 2>/dev/null | grep -q idle; then
            echo "export SLURM_CONF='$SLURM_CONF' PATH='$dir/bin':\"\$PATH\""
            exit 0
        fi
        sleep 0.2
    done
    echo "one_node_cluster.sh: the node took no jobs within 20 s; see $dir/log" >&2
    "$0" stop "$dir"
    exit 1
    ;;
stop)
    if alive "$dir/slurmctld.pid"; then
        scancel --full --user="$(id -un)" 2>/dev/null || true
        for _ in $(seq 50); do
            [ -n "$(squeue --noheader 2>/dev/null)" ] || break
            sleep 0.1
        done
    fi
    end "$dir/slurmd.pid"
    end "$dir/slurmctld.pid"
    end "$dir/munge/pid"
    ;;
*) usage ;;
esac
