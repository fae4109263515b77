"""The socket LocalStack listens on: loopback unless `--host` says otherwise, and no other.

LocalStack's own server drops the host of an IPv4 address and listens on all interfaces; anyone on
the network could then run code through Lambda. It also drops the error of a port that is taken, and
stops its event loop from a foreign thread, which the loop notices only at its next event.
"""

from typing import Any

from localstack.aws.serving.twisted import TLSMultiplexerFactory
from localstack.runtime.server.core import RuntimeServerPlugin
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor, ssl

from scones_localstack.settings import Settings

_WORKER_STOP_SECONDS = 2


class LoopbackRuntimeServer(TwistedRuntimeServer):
    """LocalStack's Twisted server, bound to the addresses it was told."""

    def register(
        self, gateway: Any, listen: list[Any], ssl_creds: tuple[str, str] | None = None
    ) -> None:
        """Listen for a gateway.

        Args:
            gateway: what answers the requests.
            listen: addresses with `host` and `port`.
            ssl_creds: certificate and key file; HTTP and HTTPS then share the port.

        Raises:
            ValueError: an address is not the one that `--host` names.
            twisted.internet.error.CannotListenError: a port is taken.
        """
        host = Settings.from_environment().host
        for address in listen:
            if address.host != host:
                raise ValueError(f"LocalStack is to listen on {host}, not on {address.host}")
        factory: Any = TwistedGateway(gateway)
        # LocalStack parses bodies and logs requests itself; done here as well, it takes a fifth
        # of the time of a small request.
        factory._parsePOSTFormSubmission = False
        factory.log = lambda _request: None
        if ssl_creds:
            certificate, key = ssl_creds
            contexts = ssl.DefaultOpenSSLContextFactory(key, certificate)
            contexts.getContext().use_certificate_chain_file(certificate)
            factory = TLSMultiplexerFactory(contexts, False, factory)
        for address in listen:
            reactor.listenTCP(address.port, factory, interface=address.host)

    def shutdown(self) -> None:
        """Stop serving; a request still running is given two seconds."""
        if self.thread_pool:
            self.thread_pool.stop(timeout=_WORKER_STOP_SECONDS)
        reactor.callFromThread(reactor.stop)


class LoopbackRuntimeServerPlugin(RuntimeServerPlugin):
    """Selected by `GATEWAY_SERVER=scones`."""

    name = "scones"

    def load(self, *args: Any, **kwargs: Any) -> LoopbackRuntimeServer:
        """Return the server."""
        return LoopbackRuntimeServer()
