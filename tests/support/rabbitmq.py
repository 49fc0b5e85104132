"""A RabbitMQ server of a test's own, with the MQTT plugin: everything below one directory, its own
name service, nothing of the machine's server touched."""

import contextlib
import os
import signal
import subprocess

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class RabbitMq:
    """The same verbs as harness.Process."""

    name = "rabbitmq"

    def __init__(self, directory, mqtt_port, ports):
        self.directory, self.child, self.names = directory, None, None
        amqp, names, distribution = ports
        os.makedirs(directory)
        self.log = os.path.join(directory, "server.log")
        self._write("rabbitmq.conf", f"""\
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt_port}
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
log.console = true
log.console.level = warning
log.file = false
""")
        self._write("enabled_plugins", "[rabbitmq_mqtt].\n")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": directory, "LANG": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(names),
            "RABBITMQ_NODENAME": f"test{mqtt_port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": os.path.join(directory, "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(directory, "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_MNESIA_BASE": os.path.join(directory, "mnesia"),
            "RABBITMQ_LOG_BASE": directory,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def start(self):
        if self.names is None:  # in the foreground, so that it ends with the test
            self.names = subprocess.Popen(["epmd"], env=self.environment,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([SERVER], env=self.environment, stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, start_new_session=True)

    def kill(self, how=signal.SIGKILL):
        if self.child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, how)
        self.child.wait(timeout=30)
        self.child = None

    def end(self):
        self.kill()
        if self.names is not None:
            self.names.kill()
            self.names.wait(timeout=10)

    def text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as log:
            return log.read()
