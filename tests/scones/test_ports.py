"""The ports that tests give to servers."""

from concurrent.futures import ThreadPoolExecutor

from tests.ports import SERVER_PORTS, free_ports


def test_a_port_is_given_to_one_of_all_who_ask_at_the_same_time() -> None:
    with ThreadPoolExecutor(4) as pool:
        given = [port for ports in pool.map(free_ports, [3] * 40) for port in ports]
    assert len(given) == len(set(given)) == 120
    assert set(given) <= set(SERVER_PORTS)
