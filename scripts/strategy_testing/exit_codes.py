"""The exit codes of both scripts; FRAMEWORK_README.md prints this table for people."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script's exit code says."""

    OK = 0
    INTERNAL_ERROR = 1
    INVALID_INPUT = 2
    STOP_AND_REVISE = 3
    PARTIAL = 4
    NOTHING_TO_IMPORT = 5
    CANNOT_ESTIMATE = 6
    DATABASE = 7
    LEAN_NOT_FOUND = 10
    DOCKER_NOT_RUNNING = 11
    IMAGE_UNAVAILABLE = 12
    NO_WORKSPACE = 13
    NO_PROJECT = 14
    STRATEGY_BROKEN = 15
    OPTIMIZER_DID_NOT_START = 16
    ALL_BACKTESTS_FAILED = 17
    STALLED = 18
    TIME_LIMIT = 19
    LEAN_REFUSED = 20
    LEAN_STOPPED_EARLY = 21
    DISK_FULL = 22
    PARAMETER_NOT_READ = 23
    PILOT_FAILED = 24
    INTERRUPTED = 130
    TERMINATED = 143
