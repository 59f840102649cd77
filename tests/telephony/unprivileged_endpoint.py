"""The SIP endpoint of a process that may not administer the network, in a process of its own.

`python unprivileged_endpoint.py PORT` starts it and prints the transports on which it listens, one a line.
"""

from __future__ import annotations

import asyncio
import sys

import psutil

from base.sections.telephony import TelephonySettings
from telephony.errors import NotReached
from telephony.legs.sip import SipEndpoint


async def main(port: int) -> None:
    settings = TelephonySettings(sip_port=port, dial_out_allowed=["127.0.0.1:*"])
    endpoint = SipEndpoint(settings, lambda leg: None)
    await endpoint.start()
    for connection in psutil.Process().net_connections("inet"):
        if connection.laddr.port == port:
            print("tcp" if connection.status == psutil.CONN_LISTEN else "udp")
    try:
        await endpoint.dial("sip:anybody@127.0.0.1:9;transport=tcp", 5.0)
    except NotReached as error:
        print(error)
    await endpoint.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
