"""Side, size, change and place: each goes to the finding it is said of."""

import pytest

from wetread.domain.statement import Change, Severity, Statement
from wetread.labelling.labeller import RuleLabeller

LABELLER = RuleLabeller()


def of(text: str, name: str) -> Statement:
    return next(each for each in LABELLER.statements(text) if each.name == name and not each.implied)


@pytest.mark.parametrize(
    ("text", "name", "side"),
    [
        ("Left pleural effusion.", "effusion", "left"),
        ("Right lower lobe consolidation.", "consolidation", "right"),
        ("Consolidation in the right lower lobe.", "consolidation", "right"),
        ("Right middle lobe atelectasis.", "atelectasis", "right"),
        ("Lingular opacity.", "lung_opacity", "left"),
        ("Bibasilar atelectasis.", "atelectasis", "bilateral"),
        ("Effusions are present bilaterally.", "effusion", "bilateral"),
        ("Bilateral effusions, left greater than right.", "effusion", "bilateral"),
        ("Left and right effusions.", "effusion", "bilateral"),
        ("Effusion on both sides.", "effusion", "bilateral"),
        ("Right effusion and left atelectasis.", "effusion", "right"),
        ("Right effusion and left atelectasis.", "atelectasis", "left"),
        ("Opacity in the right base with left effusion.", "lung_opacity", "right"),
        ("Opacity in the right base with left effusion.", "effusion", "left"),
        ("In the left base there is an opacity.", "lung_opacity", "left"),
        ("Left effusion and atelectasis.", "atelectasis", "left"),
        ("Atelectasis and effusion at the left base.", "atelectasis", "left"),
        ("Left basilar atelectasis versus consolidation.", "consolidation", "left"),
        ("Blunting of the right costophrenic angle.", "pleural_other", "right"),
        ("No right pneumothorax.", "pneumothorax", "right"),
        ("Left effusion and cardiomegaly.", "cardiomegaly", ""),
        ("The left heart border is obscured by atelectasis.", "atelectasis", ""),
        ("Catheter tip in the right atrium.", "support_devices", ""),
        ("Pleural effusion.", "effusion", ""),
    ],
)
def test_the_side(text: str, name: str, side: str) -> None:
    assert of(text, name).laterality == side


@pytest.mark.parametrize(
    ("text", "name", "severity"),
    [
        ("Trace left effusion.", "effusion", Severity.SMALL),
        ("Small to moderate effusion.", "effusion", Severity.MODERATE),
        ("Large hiatal hernia.", "hernia", Severity.LARGE),
        ("The heart is mildly enlarged.", "cardiomegaly", Severity.SMALL),
        ("Severe emphysema with small effusion.", "emphysema", Severity.LARGE),
        ("Severe emphysema with small effusion.", "effusion", Severity.SMALL),
        ("The effusion is large.", "effusion", Severity.LARGE),
        ("Effusion.", "effusion", Severity.UNSTATED),
    ],
)
def test_the_size(text: str, name: str, severity: Severity) -> None:
    assert of(text, name).severity is severity


@pytest.mark.parametrize(
    ("text", "name", "change"),
    [
        ("New right lower lobe opacity.", "lung_opacity", Change.NEW),
        ("Effusion, new since the prior study.", "effusion", Change.NEW),
        ("Nodule, not seen on the prior study.", "nodule", Change.NEW),
        ("Stable cardiomegaly.", "cardiomegaly", Change.UNCHANGED),
        ("Cardiomegaly is unchanged.", "cardiomegaly", Change.UNCHANGED),
        ("No significant interval change in the effusion.", "effusion", Change.UNCHANGED),
        ("The left effusion has increased.", "effusion", Change.INCREASED),
        ("Worsening edema.", "edema", Change.INCREASED),
        ("Interval increase in the left effusion.", "effusion", Change.INCREASED),
        ("The effusion has decreased.", "effusion", Change.DECREASED),
        ("Improving consolidation.", "consolidation", Change.DECREASED),
        ("Resolving consolidation.", "consolidation", Change.DECREASED),
        ("The pneumothorax has resolved.", "pneumothorax", Change.RESOLVED),
        ("Stable cardiomegaly, new effusion.", "cardiomegaly", Change.UNCHANGED),
        ("Stable cardiomegaly, new effusion.", "effusion", Change.NEW),
        ("Cardiomegaly is stable and the effusion has increased.", "cardiomegaly", Change.UNCHANGED),
        ("Cardiomegaly is stable and the effusion has increased.", "effusion", Change.INCREASED),
        ("Increased interstitial markings.", "lung_opacity", Change.UNSTATED),
        ("Opacity in the left lung, unchanged.", "lung_opacity", Change.UNCHANGED),
        ("Heart mildly enlarged, stable mediastinal contours.", "cardiomegaly", Change.UNSTATED),
        ("Effusion.", "effusion", Change.UNSTATED),
    ],
)
def test_the_change(text: str, name: str, change: Change) -> None:
    assert of(text, name).change is change


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Right PICC with its tip in the mid SVC.", "tip in the mid SVC"),
        ("Endotracheal tube terminates 3 cm above the carina.", "terminates 3 cm above the carina"),
        ("A left port, tip at the cavoatrial junction, and no pneumothorax.", "tip at the cavoatrial junction"),
        ("The tip lies in the right atrium.", "tip lies in the right atrium"),
        ("Pacemaker in place.", "in place"),
        ("Pacemaker.", ""),
    ],
)
def test_where_a_device_lies(text: str, position: str) -> None:
    assert of(text, "support_devices").position == position


def test_a_device_that_was_removed_is_denied() -> None:
    said = of("The chest tube has been removed.", "support_devices")
    assert (said.presence, said.change) == ("negative", Change.RESOLVED)
