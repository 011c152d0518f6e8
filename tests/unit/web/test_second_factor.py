"""An authenticator: the codes of RFC 6238, used once; set up at the real door, asked for at sign-in, owed by roles, recovered, reset by somebody else."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from builders_web import PASSWORD, Answer, Browser, World, a_world, open_door

from wetread.domain.errors import PermanentError
from wetread.domain.role import Role
from wetread.web.lockout import FREE_FAILURES
from wetread.web.sealing import hash_code, seal, unseal, verify_code
from wetread.web.services import WebSettings
from wetread.web.totp import code_at, otpauth_uri, taken_step

RFC_SEED = b"12345678901234567890"
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert code_at(RFC_SEED, seconds // 30) == code
    assert taken_step(RFC_SEED, code, datetime.fromtimestamp(seconds, UTC), 0) == seconds // 30


def test_a_code_is_taken_one_step_early_or_late_and_never_twice() -> None:
    now = datetime(2026, 11, 29, 23, 59, 40, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    taken = [taken_step(RFC_SEED, code_at(RFC_SEED, step + skew), now, 0) for skew in (-2, -1, 0, 1, 2)]
    assert taken == [None, step - 1, step, step + 1, None]
    assert taken_step(RFC_SEED, code_at(RFC_SEED, step), now, step) is None
    assert taken_step(RFC_SEED, code_at(RFC_SEED, step - 1), now, step) is None


def test_a_uri_names_account_and_issuer_and_a_hostile_name_stays_a_name() -> None:
    uri = otpauth_uri(RFC_SEED, "a/b?secret=x", "wetread")
    assert uri.startswith("otpauth://totp/wetread%3Aa%2Fb%3Fsecret%3Dx?secret=GEZDGNBV")


def test_what_is_sealed_opens_with_its_key_and_its_name_alone() -> None:
    sealed = seal(KEY, RFC_SEED, "ann")
    assert unseal([KEY], sealed, "ann") == RFC_SEED
    assert base64.b64encode(RFC_SEED).decode() not in sealed
    for key, text, name in (
        (bytes(32), sealed, "ann"),
        (KEY, sealed, "ben"),
        (KEY, "AAAA" + sealed[4:], "ann"),
        (KEY, "", "ann"),
    ):
        with pytest.raises(PermanentError) as raised:
            unseal([key], text, name)
        assert raised.value.code == "sealed_otherwise"


def test_a_recovery_code_is_kept_as_an_argon2id_hash() -> None:
    stored = hash_code("abcdefghij")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (verify_code("abcdefghij", stored), verify_code("abcdefghik", stored), verify_code("x", "no hash")) == (
        True,
        False,
        False,
    )


@pytest.fixture
def world() -> World:
    return a_world(settings=WebSettings(second_factor_roles=frozenset({Role.ADMIN}), idle_s=7200))


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


class Phone:
    def __init__(self, world: World, seed: str) -> None:
        self.world, self.seed = world, base64.b32decode(seed.replace(" ", ""))

    def code(self, later: int = 0) -> str:
        return code_at(self.seed, int(self.world.clock.now().timestamp()) // 30 + later)


def set_up(world: World, reader: Browser, **other: object) -> tuple[Phone, list[str]]:
    begun = reader.post("/api/account/second-factor", {"password": PASSWORD, **other})
    assert begun.status == 200, begun.body
    phone = Phone(world, str(begun.json()["seed"]))
    done = reader.post("/api/account/second-factor/confirm", {"code": phone.code()})
    assert done.status == 200, done.body
    world.clock.advance(30)
    return phone, done.json()["recovery_codes"]  # type: ignore[return-value]


def sign_in(door: Browser, code: str, account: str = "radiologist") -> Answer:
    return door.post("/api/login", {"actor_id": account, "password": PASSWORD, "code": code})


def test_from_its_set_up_on_a_code_is_asked_for_and_used_once(world: World, door: Browser) -> None:
    phone, _ = set_up(world, door.as_("radiologist"))
    bare = door.log_in("radiologist")
    assert (bare.status, bare.json()["code"]) == (401, "second_factor_needed")
    assert sign_in(door, "000000").json()["code"] == "bad_second_factor"
    code = phone.code()
    assert sign_in(door, f" {code[:3]} {code[3:]}").status == 200
    assert sign_in(door, code).json()["code"] == "bad_second_factor"
    world.clock.advance(30)
    assert sign_in(door, phone.code(-1)).status == 401  # the step that was used
    assert sign_in(door, phone.code()).status == 200


def test_a_wrong_password_is_told_nothing_of_a_second_factor(world: World, door: Browser) -> None:
    phone, _ = set_up(world, door.as_("radiologist"))
    answer = door.post("/api/login", {"actor_id": "radiologist", "password": "wrong password", "code": phone.code()})
    assert (answer.status, answer.json()["code"]) == (401, "bad_credentials")


def test_wrong_codes_are_counted_and_the_right_password_does_not_forgive_them(world: World, door: Browser) -> None:
    phone, _ = set_up(world, door.as_("radiologist"))
    for _ in range(FREE_FAILURES):
        assert door.log_in("radiologist").status == 401
        assert sign_in(door, "000000").status == 401
    assert sign_in(door, phone.code()).status == 429
    assert ("login", "radiologist", "bad_second_factor") in world.audited()


def test_a_set_up_that_was_not_confirmed_counts_for_nothing(door: Browser) -> None:
    reader = door.as_("radiologist")
    assert reader.post("/api/account/second-factor", {"password": PASSWORD}).status == 200
    assert reader.post("/api/account/second-factor/confirm", {"code": "000000"}).json()["code"] == "wrong_code"
    assert door.log_in("radiologist").status == 200
    assert reader.get("/api/account").json()["second_factor"]["on"] is False  # type: ignore[index, call-overload]


def test_each_recovery_code_opens_once(world: World, door: Browser) -> None:
    _, codes = set_up(world, door.as_("radiologist"))
    assert len(set(codes)) == 10
    assert sign_in(door, codes[3].upper()).status == 200
    assert sign_in(door, codes[3]).status == 401
    other = Browser(door.port)
    assert sign_in(other, codes[4]).status == 200
    with world.services.database.begin(write=False) as unit:
        held = unit.second_factor("radiologist")
    assert held is not None
    assert len(held.codes) == 8
    assert not set(codes) & set(held.codes)


def test_another_phone_takes_the_old_one_or_a_recovery_code_first(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    old, codes = set_up(world, reader)
    for code in ("", "000000"):
        answer = reader.post("/api/account/second-factor", {"password": PASSWORD, "code": code})
        assert (answer.status, answer.json()["code"]) == (401, "bad_second_factor")
    new, _ = set_up(world, reader, code=codes[0])
    assert sign_in(door, old.code()).status == 401
    assert sign_in(door, new.code()).status == 200


def test_a_role_that_must_have_one_does_nothing_before(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    assert admin.get("/api/session").json()["owes_second_factor"] is True
    for path in ("/api/accounts", "/api/audit", "/api/dead-letters"):
        answer = admin.get(path)
        assert (answer.status, answer.json()["code"]) == (403, "second_factor_owed")
    set_up(world, admin)
    assert admin.get("/api/accounts").status == 200
    assert door.as_("radiologist").get("/api/session").json()["owes_second_factor"] is False


def test_of_who_may_sign_it_is_taken_away_by_two_and_never_by_oneself(world: World, door: Browser) -> None:
    world.add_account("second-admin", Role.ADMIN)
    reader, first, second = door.as_("radiologist"), door.as_("admin"), door.as_("second-admin")
    for each in (reader, first, second):
        set_up(world, each)
    reset = "/api/accounts/radiologist/second-factor/reset"
    body = {"password": PASSWORD}
    assert first.post("/api/accounts/admin/second-factor/reset", body).json()["code"] == "own_account"
    assert [first.post(reset, body).json()["done"] for _ in range(2)] == [False, False]
    assert reader.get("/api/session").status == 200
    assert second.post(reset, body).json()["done"] is True
    assert reader.get("/api/session").status == 401
    assert door.log_in("radiologist").status == 200
    acts = [each[0] for each in world.audited() if each[0].startswith("second_factor.")]
    assert acts[-3:] == ["second_factor.ask_reset", "second_factor.ask_reset", "second_factor.reset"]


def test_of_who_does_not_sign_one_administrator_takes_it_away(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    for each in (door.as_("technologist"), admin):
        set_up(world, each)
    answer = admin.post("/api/accounts/technologist/second-factor/reset", {"password": PASSWORD})
    assert answer.json()["done"] is True


def test_the_picture_holds_what_is_written_beside_it() -> None:
    from wetread.dicom.qr_code import qr_modules

    rows = qr_modules(otpauth_uri(RFC_SEED, "dr-lee", "wetread"))
    assert len(rows) == len(rows[0]) >= 33
    finder = [row[:7] for row in rows[:7]]
    assert finder == ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
