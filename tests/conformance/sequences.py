"""Awkward sequences. Each gets a store of its own and says what must be true in the end:
`through` per stream, and what is on hand of the item (it starts at 0; every sale takes 1)."""

import json
import uuid

from store import NAMES, PREFIX, document, zstd_frame


def in_order(kit):
    kit.send(*kit.stream.sales(5))
    kit.expect(5, -5)


def one_message_twice(kit):
    a, b, c = kit.stream.sales(3)
    kit.send(a, b, b, c)
    kit.expect(3, -3)


def everything_twice(kit):
    sales = kit.stream.sales(5)
    kit.send(*sales, *sales)
    kit.expect(5, -5)


def two_overtaken(kit):
    a, b, c, d = kit.stream.sales(4)
    kit.send(a, c, b, d)
    kit.expect(4, -4)


def backwards(kit):
    kit.send(*reversed(kit.stream.sales(6)))
    kit.expect(6, -6)


def a_hole_that_nobody_fills_is_never_jumped(kit):
    a, b, _, d, e = kit.stream.sales(5)
    kit.answers = False
    kit.send(a, b, d, e)
    kit.expect(2, -2)


def a_hole_is_asked_for(kit):
    a, b, _, _, e = kit.stream.sales(5)
    kit.send(a, b, e)
    kit.expect(5, -5)


def a_tail_that_never_came_is_asked_for(kit):
    a, _, _ = kit.stream.sales(3)
    kit.send(a)
    kit.expect(3, -3)


def one_id_under_a_second_number_counts_once(kit):
    a, b = kit.stream.sales(2)
    again = kit.stream.add("sale", b.id, json.loads(b.data))
    kit.send(a, b, again)
    kit.expect(3, -2)


def ids_that_come_again_in_a_new_stream_count_once(kit):
    old = kit.stream.sales(3)
    fork = kit.new_stream()
    moved = [fork.add("sale", sale.id, json.loads(sale.data)) for sale in old]
    kit.send(*old, *moved, fork.sale())
    kit.expect(3, -4)
    kit.expect_stream(fork, 4)


def another_event_at_a_confirmed_number_does_not_count(kit):
    twin = kit.twin()
    kit.send(*kit.stream.sales(2))
    twin.sale()
    other = twin.sale("7")
    kit.send(other)
    kit.expect(2, -2)


def a_next_number_that_does_not_follow_does_not_count(kit):
    twin = kit.twin()
    kit.send(*kit.stream.sales(2))
    twin.sale("5")
    twin.sale("6")
    kit.send(twin.sale("7"))
    kit.expect(2, -2)


def data_that_was_altered_is_refused(kit):
    a, b = kit.stream.sales(2)
    kit.send(a)
    kit.send_raw(b.message(data=b.data.replace(b'"-1"', b'"-9"')))
    kit.expect(2, -2)  # asked for, and sent as it was


def a_message_on_another_stores_topic_is_refused(kit):
    a, b = kit.stream.sales(2)
    kit.answers = False
    kit.send(a)
    kit.send_raw(b.message(), topic=f"{PREFIX}/{kit.store}x/events")
    kit.expect(1, -1)


def garbage_between_good_messages(kit):
    a, b, c = kit.stream.sales(3)
    kit.send(a)
    for junk in (b"", b"{", b"\xff\xfe\x00", b"[" * 5000, b.message()[:-9],
                 b'{"specversion":"1.0"}'):
        kit.send_raw(junk)
    kit.send(b, c)
    kit.expect(3, -3)


def a_batch(kit):
    kit.send_raw(kit.batch(kit.stream.sales(4)))
    kit.expect(4, -4)


def a_compressed_batch_out_of_order_with_a_repetition(kit):
    a, b, c = kit.stream.sales(3)
    kit.send_raw(zstd_frame(kit.batch([b, a, b, c])))
    kit.expect(3, -3)


def a_parked_event_is_passed_and_owed_and_its_body_counts(kit):
    a, b, c = kit.stream.sales(3)
    kit.parked = {b.number}
    kit.answers = False
    kit.send(a)
    kit.send_raw(b.message(parked=True))
    kit.send(c)
    kit.expect(3, -2, owed=[[2, 2]])
    kit.send(b)
    kit.expect(3, -3, owed=[])


def a_declared_loss_is_jumped_and_a_body_that_comes_after_all_counts(kit):
    a, b, c, d = kit.stream.sales(4)
    kit.answers = False
    kit.send(a, d)
    kit.expect(1, -1)
    kit.tell_status(lost=(2, 3))
    kit.expect(4, -2)
    kit.send(b, b, c)
    kit.expect(4, -4)


def a_void_and_documents_without_effect(kit):
    sale = kit.stream.sale()
    void = kit.stream.add("transaction_voided", uuid.uuid5(NAMES, kit.store + "/void"),
                          document(kit.stream, "1", "void"))
    control = kit.stream.add("register_control", uuid.uuid5(NAMES, kit.store + "/control"),
                             {"transaction": {"store_id": kit.store, "kind": "control"}})
    future = kit.stream.add("something_new", uuid.uuid5(NAMES, kit.store + "/new"), {"a": [1, {}]})
    small = kit.stream.sale("0.001")
    kit.send(sale, void, control, future, small)
    kit.expect(5, "-0.001")


def events_that_cannot_be_applied_stop_nothing(kit):
    a, b, c, d, e = kit.stream.sales(5)
    time = b'"time":"2026-11-21T12:00:00+01:00"'
    kit.send(a)
    kit.send_raw(b.message().replace(time, b'"time":"10000-01-01T00:59:59+01:00"'))
    kit.send(c)
    kit.send_raw(d.message().replace(b".sale.v1", b".sa\\u0000le.v1"))
    kit.send(e)
    kit.expect(5, -3)


ALL = [in_order, one_message_twice, everything_twice, two_overtaken, backwards,
       a_hole_that_nobody_fills_is_never_jumped, a_hole_is_asked_for,
       a_tail_that_never_came_is_asked_for, one_id_under_a_second_number_counts_once,
       ids_that_come_again_in_a_new_stream_count_once,
       another_event_at_a_confirmed_number_does_not_count,
       a_next_number_that_does_not_follow_does_not_count, data_that_was_altered_is_refused,
       a_message_on_another_stores_topic_is_refused, garbage_between_good_messages, a_batch,
       a_compressed_batch_out_of_order_with_a_repetition,
       a_parked_event_is_passed_and_owed_and_its_body_counts,
       a_declared_loss_is_jumped_and_a_body_that_comes_after_all_counts,
       a_void_and_documents_without_effect, events_that_cannot_be_applied_stop_nothing]
