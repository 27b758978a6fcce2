"""Practice systems to try by hand: one that works and some that misbehave, for each vendor.

make pims-stub
PIMS_PRIVATE_HOSTS=127.0.0.1 make serve       in another terminal; then add connections in the admin
"""

import argparse

from tests.pims.stub import Fault, Mount, Stub
from tests.pims.stub.ezyvet import EzyvetMount
from tests.pims.stub.provet import ProvetMount
from tests.pims.stub.rest import RestMount
from tests.pims.stub.vetspire import VetspireMount

ENTER = {  # credentials; time zone and currency; invoice and its customer
    EzyvetMount: "partner_id p, client_id c, client_secret secret; Pacific/Auckland NZD; 112345 of 20077",
    ProvetMount: "client_id c, client_secret secret; Europe/Helsinki EUR; HV10000000005 of 77",
    VetspireMount: "api_key secret; America/Chicago USD; 884213 of 5512",
    RestMount: "token secret; the example profile; Europe/Berlin EUR; V-2041 of 501",
}
FORBIDDEN = Fault(403, body="{}")


def ignore_filters(mount: Mount) -> None:
    mount.ignores_filters = True
    if isinstance(mount, ProvetMount):
        mount.declared["invoice"].discard("invoice_number")
    if isinstance(mount, VetspireMount):
        mount.has_order_by_id = False


SCENARIOS = {
    "": ("works", lambda mount: None),
    "-down": ("answers every call with an error of its own", lambda mount: mount.fault("*", Fault(500), always=True)),
    "-slow": ("never finishes an answer", lambda mount: mount.fault("*", Fault(how="drip"), always=True)),
    "-busy": (
        "allows no more calls for ten minutes",
        lambda mount: mount.fault("*", Fault(429, {"Retry-After": "600"}), always=True),
    ),
    "-locked": ("takes no credentials", lambda mount: mount.fault("*", Fault(401), always=True)),
    "-forbidden": (
        "may not read payments",
        lambda mount: [mount.fault(name, FORBIDDEN, always=True) for name in ("payment", "payments", "invoicepayment")],
    ),
    "-ignores-filters": ("answers with everything, whatever is asked", ignore_filters),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make pims-stub", description="Practice systems to try connections against.")
    parser.add_argument("--port", type=int, default=8900)
    stub = Stub(parser.parse_args().port)
    for kind, enter in ENTER.items():
        print(f"\n{kind.vendor}: {enter}")
        for name, (what, prepare) in SCENARIOS.items():
            mount = stub.mount(kind, f"{kind.vendor}{name}")
            prepare(mount)
            print(f"  base_url {mount.base_url:<60} {what}")
    print("\nThe service must be started with PIMS_PRIVATE_HOSTS=127.0.0.1. Ctrl-C ends this.", flush=True)
    try:
        stub.serve_forever()
    except KeyboardInterrupt:
        stub.stop()


if __name__ == "__main__":
    main()
