"""What happens again and again is new once an hour, and the memory for it ends."""

from wetread.domain.once_per_hour import OncePerHour


def test_the_same_is_new_again_after_an_hour() -> None:
    now_s = [0.0]
    once = OncePerHour(lambda: now_s[0])
    assert [once.is_new("a"), once.is_new("a"), once.is_new("b")] == [True, False, True]
    now_s[0] = 3599
    assert not once.is_new("a")
    now_s[0] = 3600
    assert once.is_new("a")


def test_only_so_much_is_remembered() -> None:
    once = OncePerHour(lambda: 0.0)
    assert sum(once.is_new(number) for number in range(1100)) == 1000
