"""Start nginx and gunicorn as AWS's scikit-learn container does: ``python aws_serve.py`` in a folder of its own.

What sagemaker-containers writes below /etc and /tmp is moved into this folder; nothing else of it is changed.
"""

from pathlib import Path

import aws_entry  # noqa: F401 - mends what sagemaker-containers expects of an older Python
from sagemaker_containers import _server
from sagemaker_containers.beta.framework import env, server

here = Path.cwd()
template = Path(_server.nginx_config_template_file).read_text()
moved = here / "nginx.conf.template"
moved.write_text(template.replace("include /etc/nginx/mime.types;", "").replace("/tmp/", f"{here}/"))
_server.nginx_config_template_file = str(moved)
_server.nginx_config_file = str(here / "nginx.conf")
_server.UNIX_SOCKET_BIND = f"unix:{here}/gunicorn.sock"
server.start(env.ServingEnv().framework_module)
