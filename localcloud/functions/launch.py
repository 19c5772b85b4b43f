"""What a function's process is started with: its code on disk and its environment, as Lambda documents it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud import seams
from localcloud.functions.model import Launch, Record

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
_SITE_PACKAGES: Final = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
_RESERVED: Final = ("_HANDLER", "_X_AMZN_TRACE_ID", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR")
"""Variables that a function's configuration cannot set, besides those of the ``AWS_LAMBDA_`` family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where functions find what is around them.

    Attributes:
        endpoint: The embedded cloud's URL; it becomes AWS_ENDPOINT_URL.
        xray_daemon: ``host:port``; it becomes AWS_XRAY_DAEMON_ADDRESS.
    """

    endpoint: str
    xray_daemon: str


def launch_of(record: Record, around: Surroundings, *, provisioned: bool = False) -> Launch:
    """How to start `record`, a function or a version of one; `provisioned` when no invocation waits for it."""
    config = record["config"]
    code = Path(seams.extracted_code(record["code_zip"]))
    variables = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    variables |= _configured(config)
    variables |= _lambda_variables(config, code, provisioned=provisioned)
    variables |= _addresses(around)
    variables |= seams.execution_credentials(config)
    layers = [str(folder) for folder in _layer_folders(config)]
    if layers:
        variables["PYTHONPATH"] = os.pathsep.join([*layers, *filter(None, [variables.get("PYTHONPATH")])])
    return Launch(handler=config["Handler"], code=code, variables=variables)


def _configured(config: dict[str, Any]) -> dict[str, str]:
    variables: dict[str, str] = (config.get("Environment") or {}).get("Variables") or {}
    return {name: value for name, value in variables.items() if name not in _RESERVED}


def _lambda_variables(config: dict[str, Any], code: Path, *, provisioned: bool) -> dict[str, str]:
    region = config["FunctionArn"].split(":")[3]
    logging = config.get("LoggingConfig") or {}
    variables = {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": config["Version"],
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if provisioned else "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group_of(config),
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": config["Handler"],
    }
    if logging.get("LogFormat") == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel", "INFO")
    return variables


def log_group_of(config: dict[str, Any]) -> str:
    """The log group of a function: the configured one, else ``/aws/lambda/NAME``."""
    return str((config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}")


def _addresses(around: Surroundings) -> dict[str, str]:
    host, _, port = around.xray_daemon.partition(":")
    return {
        "AWS_ENDPOINT_URL": around.endpoint,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": around.xray_daemon,
        "_AWS_XRAY_DAEMON_ADDRESS": host,
        "_AWS_XRAY_DAEMON_PORT": port,
    }


def _layer_folders(config: dict[str, Any]) -> Iterator[Path]:
    for layer in config.get("Layers") or []:
        content = seams.layer_zip(layer)
        if content:
            folder = Path(seams.extracted_code(content))
            yield from (folder / "python", folder / _SITE_PACKAGES)
