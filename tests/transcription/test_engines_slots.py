"""Who decodes next."""

import threading

from transcription.engines.slots import PrioritySlots


def test_what_is_urgent_goes_first_and_no_more_than_the_slots_work_at_a_time():
    slots = PrioritySlots(1)
    order = []

    def work(name, urgent):
        with slots.hold(urgent=urgent):
            order.append(name)

    threads = []
    with slots.hold(urgent=False):
        for name, urgent in (("growth", False), ("final", True), ("later growth", False)):
            threads.append(threading.Thread(target=work, args=(name, urgent)))
            threads[-1].start()
            with slots._changed:
                slots._changed.wait_for(lambda: len(slots._waiting) == len(threads), 5)
        assert order == []
    for thread in threads:
        thread.join(5)
    assert order == ["final", "growth", "later growth"]
