"""A day's work of every role by keyboard alone, and two people at the same queue.

Nothing is clicked, focused or filled by script: what Tab does not reach, these tests do not do.
The desk is served once for all of them, so each brings people and scans of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk_office import PASSWORD, Office
from examination_fixtures import (
    flagged_number,
    keyed_number,
    reply_form_with_pin,
    returned_application,
    unknown_page,
)
from playwright.sync_api import Browser
from test_desk_browser import Desk, browser, serving

from pipeline.domain.documents import FieldName
from pipeline.store.staff.people import Role

__all__ = ["browser"]
pytestmark = pytest.mark.browser
MOST_TABS = 60
OWN_PASSWORD = "another horse battery"


@pytest.fixture(scope="module")
def desk_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    with serving(tmp_path_factory.mktemp("journeys") / "home") as desk:
        yield desk


@pytest.fixture
def served(desk_for_all: tuple[Office, str]) -> tuple[Office, str]:
    """The desk with nothing left in its queue, and nobody known, by the test before."""
    with desk_for_all[0].store._database.writing() as cursor:
        cursor.execute("delete from open_task")
        cursor.execute("delete from blind_mark")
    return desk_for_all


def log_in(desk: Desk, name: str, password: str = PASSWORD) -> None:
    """From the log-in page to wherever the day begins."""
    desk.page.goto(f"{desk.address}/login")
    desk.page.wait_for_function("() => document.activeElement?.id === 'name'")
    desk.press(*name, "Tab", *password, "Enter")
    desk.page.wait_for_url(lambda url: "/login" not in url)


def tab_to(desk: Desk, selector: str, *, back: bool = False) -> None:
    """Press Tab until something has the focus; fails where it is never reached."""
    for _ in range(MOST_TABS):
        if desk.page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
            return
        desk.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


def follow(desk: Desk, selector: str) -> None:
    """Tab to a link or button that opens another page, and press Enter."""
    tab_to(desk, selector)
    before = desk.page.evaluate("performance.timeOrigin")
    desk.press("Enter")
    desk.page.wait_for_function("before => performance.timeOrigin !== before", arg=before)
    desk.page.wait_for_load_state()


def menu(desk: Desk) -> list[str]:
    """Where the menu leads."""
    links = desk.page.locator("header nav a")
    return [str(one.get_attribute("href")) for one in links.all()]


def log_out(desk: Desk) -> None:
    follow(desk, "form[action='/logout'] button")
    assert desk.page.url.endswith("/login")
    desk.close()


def end_leases(office: Office) -> None:
    with office.store._database.writing() as cursor:
        cursor.execute("update open_task set lease_until = lease_until - interval 1 hour")


def test_an_operator_follows_a_batch_and_finds_what_to_scan_again(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    document = office.load("operators", o1=flagged_number(), o2=unknown_page())["o2"]
    office.person("maren", Role.OPERATOR)
    desk = Desk(browser, address)
    log_in(desk, "maren")
    assert "/batches" in menu(desk) and not {"/queue", "/users"} & set(menu(desk))
    follow(desk, "header nav a[href='/batches']")
    follow(desk, "a[href='/batches/operators']")
    assert "operators" in desk.page.locator("h1").inner_text()
    follow(desk, "header nav a[href='/rescans']")
    follow(desk, f"#again-{document}")
    assert desk.page.url.endswith(f"/rescans/{document}")
    tab_to(desk, "#drop-files")
    follow(desk, "header nav a[href='/documents']")
    follow(desk, f"a[href='/documents/{document}']")
    assert desk.page.locator("form[action*='/reveal/']").count() == 0  # values are for reviewers
    log_out(desk)


def test_a_reviewer_decides_a_whole_queue_and_takes_one_back(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("reviewers", r1=flagged_number(), r2=keyed_number("271828182840"))
    office.person("rei", Role.REVIEWER)
    desk = Desk(browser, address)
    log_in(desk, "rei")
    desk.begin()
    for _ in documents:
        before = desk.task()
        if desk.page.locator("#task").get_attribute("data-mode") == "key":
            desk.press(*"271828182840", "Enter")
        else:
            desk.press("2", "Enter")
        desk.next_after(before)
    desk.page.wait_for_function("() => document.activeElement?.getAttribute('href') === '/queue'")
    desk.press("Backspace")
    desk.page.wait_for_selector(f"#task[data-id='{before}']")
    follow(desk, "[data-key=q]")
    assert desk.page.url.endswith("/queue")
    outcomes = [office.store.documents.document(d) for d in documents.values()]
    assert sorted(str(d.outcome) for d in outcomes if d) == ["None", "accept"]
    log_out(desk)


def test_a_supervisor_gives_out_work_and_opens_a_decided_document_again(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("supervisors", s1=flagged_number(), s2=returned_application())
    office.person("ben", Role.REVIEWER)
    office.person("sora", Role.SUPERVISOR)
    (mine,) = office.store.queue.of_document(documents["s1"])
    (whole,) = office.store.queue.of_document(documents["s2"])
    ben = Desk(browser, address)
    log_in(ben, "ben")
    ben.page.goto(f"{address}/review/{whole.task_id}")
    ben.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    ben.press("1", "Enter")
    ben.next_after(whole.task_id)
    follow(ben, "[data-key=q]")

    desk = Desk(browser, address)
    log_in(desk, "sora")
    follow(desk, "header nav a[href='/assignments']")
    tab_to(desk, f"#to-{mine.task_id}")
    desk.press(*"ben")
    assert desk.page.locator(f"#to-{mine.task_id}").input_value() == "ben"
    follow(desk, "form[action='/assignments/assign'] button")
    held = office.store.queue.task(mine.task_id)
    person = office.store.people.by_name("ben")
    assert held is not None and person is not None and held.lease_user == person.user_id
    ben.page.goto(f"{address}/review")
    assert ben.task() == mine.task_id
    follow(desk, "form[action='/assignments/take-back'] button")
    held = office.store.queue.task(mine.task_id)
    assert held is not None and held.lease_user is None

    desk.page.goto(f"{address}/documents/{documents['s2']}")
    tab_to(desk, "#reopen-reason")
    desk.press("ArrowDown")
    follow(desk, "form[action$='/reopen'] button")
    document = office.store.documents.document(documents["s2"])
    assert document is not None and document.outcome is None
    follow(desk, "header nav a[href='/quality']")
    log_out(desk)
    log_out(ben)


def test_an_analyst_sees_figures_and_nothing_else(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    document = office.load("analysts", n1=flagged_number())["n1"]
    office.person("ana", Role.ANALYST)
    desk = Desk(browser, address)
    log_in(desk, "ana")
    assert menu(desk) == ["/throughput"]
    follow(desk, "a[href='/throughput?by=day']")
    tab_to(desk, "summary")
    desk.press("Enter")
    assert desk.page.locator("details table").is_visible()
    answer = desk.page.goto(f"{address}/documents/{document}")
    assert answer is not None and answer.status == 403
    desk.errors = [e for e in desk.errors if "403" not in e]  # the browser notes the status itself
    log_out(desk)


def test_an_auditor_reads_who_saw_what_and_sees_no_value(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    document = office.load("auditors", u1=flagged_number())["u1"]
    office.person("kei", Role.REVIEWER)
    office.person("audra", Role.AUDITOR)
    kei = Desk(browser, address)
    log_in(kei, "kei")
    kei.begin()
    desk = Desk(browser, address, "en")
    log_in(desk, "audra")
    follow(desk, "header nav a[href='/audit']")
    seen = desk.page.locator("tr", has_text=f"document:{document}").first.inner_text()
    assert "kei" in seen and "value.view" in seen
    assert desk.page.locator(".heading .verdict.pass").is_visible()  # the chain is whole
    follow(desk, "header nav a[href='/documents']")
    follow(desk, f"a[href='/documents/{document}']")
    assert "123456789011" not in desk.page.content()
    assert desk.page.locator("form[action*='/reveal/']").count() == 0
    log_out(desk)
    log_out(kei)


def test_an_administrator_lets_somebody_in_and_keeps_them_out_again(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    office.person("admin", Role.ADMINISTRATOR)
    desk = Desk(browser, address)
    log_in(desk, "admin")
    follow(desk, "header nav a[href='/users']")
    tab_to(desk, "#new-name")
    desk.press(*"newcomer", "Tab")
    assert desk.page.evaluate("document.activeElement.id") == "new-role"
    while desk.page.locator("#new-role").input_value() != Role.REVIEWER:
        desk.press("ArrowDown")
    follow(desk, "form[action='/users'] button")
    once = desk.page.locator("code.secret").inner_text()

    new = Desk(browser, address)
    log_in(new, "newcomer", once)
    assert new.page.url.endswith("/password")
    new.page.wait_for_function("() => document.activeElement?.id === 'old'")
    new.press(*once, "Tab", *OWN_PASSWORD, "Tab", *OWN_PASSWORD, "Enter")
    new.page.wait_for_url("**/login")
    log_in(new, "newcomer", OWN_PASSWORD)
    assert "/queue" in menu(new)

    tab_to(desk, "summary[aria-label$='newcomer']")
    desk.press("Enter")
    follow(desk, "details[open] form[action='/users/disable'] button")
    follow(new, "header nav a[href='/documents']")
    assert new.page.url.endswith("/login")  # at once, not at the next log-in
    new.close()
    log_out(desk)


def test_two_reviewers_never_have_the_same_task_and_each_decides_their_own(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("two", **{f"d{n}": flagged_number() for n in range(6)})
    pair = []
    for name in ("aki", "bo"):
        office.person(name, Role.REVIEWER)
        pair.append(Desk(browser, address))
        log_in(pair[-1], name)
        pair[-1].begin()
    decided: list[str] = []
    while any(desk.page.locator("#task[data-id]").count() for desk in pair):
        shown = [desk.task() for desk in pair if desk.page.locator("#task[data-id]").count()]
        assert len(set(shown)) == len(shown)
        working = [desk for desk in pair if desk.page.locator("#task[data-id]").count()]
        for desk in working:
            # The applications are of one person, so the document as a whole is asked about too.
            desk.press("1", "Enter")
        for desk, task in zip(working, shown, strict=True):
            desk.next_after(task)
        decided += shown
    assert len(decided) == len(set(decided))
    rows = [r for d in documents.values() for r in office.store.documents.history(d)]
    assert len(rows) == len(decided) and {row[1] for row in rows} == {"aki", "bo"}
    for desk in pair:
        desk.close()


def test_a_late_decision_is_refused_with_what_changed_and_the_task_left_comes_back(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    documents = office.load("late", l1=flagged_number(), l2=reply_form_with_pin())
    (left,) = office.store.queue.of_document(documents["l1"])
    (other,) = office.store.queue.of_document(documents["l2"])
    pair = []
    for name in ("chika", "dai"):
        office.person(name, Role.REVIEWER)
        pair.append(Desk(browser, address))
        log_in(pair[-1], name)
    late, quick = pair
    late.page.goto(f"{address}/review/{left.task_id}")
    late.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    quick.page.goto(f"{address}/review/{other.task_id}")
    follow(quick, "[data-key=q]")
    end_leases(office)  # left open over lunch
    quick.page.wait_for_function("() => document.activeElement?.id === 'begin'")
    quick.press("Enter")
    quick.page.wait_for_selector("#task[data-id]")
    assert quick.task() == left.task_id  # it came back to the queue

    late.press("2", "Enter")
    late.page.wait_for_selector(".notice.warn")
    told = late.page.locator(".notice.warn").inner_text()
    assert "個人番号" in told and "ほかの人が作業しています" in told
    assert late.task() == other.task_id  # and goes on with what is free

    quick.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    quick.press("1", "Enter")
    quick.next_after(left.task_id)
    final = office.store.documents.value(documents["l1"], FieldName.MY_NUMBER, final=True)
    assert final == "123456789011"
    (row,) = office.store.documents.history(documents["l1"])
    assert row[1] == "dai"
    late.errors = [e for e in late.errors if "409" not in e]  # the browser notes the status itself
    for desk in pair:
        desk.close()


def test_what_another_decided_meanwhile_is_told(
    served: tuple[Office, str], browser: Browser
) -> None:
    office, address = served
    document = office.load("meanwhile", m1=flagged_number())["m1"]
    pair = []
    for name in ("emi", "fumi"):
        office.person(name, Role.REVIEWER)
        pair.append(Desk(browser, address))
        log_in(pair[-1], name)
    slow, quick = pair
    slow.begin()
    end_leases(office)
    quick.page.goto(f"{address}/review")
    quick.page.wait_for_function("() => document.activeElement?.id === 'strip'")
    before = quick.task()
    assert before == slow.task()
    quick.press("1", "Enter")
    quick.next_after(before)
    slow.press("2", "Enter")
    slow.page.wait_for_selector(".notice.warn")
    assert "ほかの人が決定しました" in slow.page.locator(".notice.warn").inner_text()
    final = office.store.documents.value(document, FieldName.MY_NUMBER, final=True)
    assert final == "123456789011"
    slow.errors = [e for e in slow.errors if "409" not in e]  # the browser notes the status itself
    for desk in pair:
        desk.close()
