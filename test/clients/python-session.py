"""Runs the body of one Python function for each JSON line on stdin; answers one JSON line each.

What a snippet binds as `global` stays for the snippets after it. Standard output belongs to the answers.
"""

import json
import sys
import textwrap


def describe(error):
    """An exception as plain values, in the words of botocore and of the database driver."""
    told = {"type": type(error).__name__, "message": str(error)}
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        told["code"] = response["Error"].get("Code")
        told["message"] = response["Error"].get("Message")
        told["status"] = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    elif error.args and isinstance(error.args[0], dict):
        told["code"] = error.args[0].get("C")
        told["message"] = error.args[0].get("M")
        told["severity"] = error.args[0].get("S")
    elif getattr(error, "pgcode", None):
        told["code"] = error.pgcode
    return told


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8")
    if isinstance(value, tuple):
        return list(value)
    return str(value)


answers, sys.stdout = sys.stdout, sys.stderr
shared = {}
for line in sys.stdin:
    request = json.loads(line)
    try:
        source = "def step(input):\n" + textwrap.indent(textwrap.dedent(request["code"]), "    ")
        exec(compile(source, "<snippet>", "exec"), shared)
        answer = {"value": shared["step"](request.get("input"))}
        text = json.dumps(answer, default=plain)
    except Exception as error:
        text = json.dumps({"error": describe(error)}, default=plain)
    answers.write(text + "\n")
    answers.flush()
