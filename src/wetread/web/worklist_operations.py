"""The worklist's operations, for the table that router, contract and role tests read."""

from wetread.domain.role import Act
from wetread.web import saved_views, worklist
from wetread.web.operations import Access, Operation, Query

__all__ = ["WORKLIST_OPERATIONS"]

WORKLIST_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/api/worklist",
        "worklist",
        "Studies in reading order, with the reason for the priority; or what changed since an earlier answer.",
        worklist.get_worklist,
        "studies; identity only for roles that may read a study",
        act=Act.SEE_WORKLIST,
        query=(
            Query("view", "open, reported or rejected"),
            Query("first", "only the first so many, up to 500, to show while the whole list comes"),
            Query("since", "cursor of an earlier answer: then only what changed"),
        ),
    ),
    Operation(
        "GET",
        "/api/worklist/next",
        "next_study",
        "The first study on the list that nobody reads.",
        worklist.get_next,
        "its key, or null",
        act=Act.READ_STUDY,
        query=(Query("after", "never this one"),),
    ),
    Operation(
        "POST",
        "/api/worklist/search",
        "search_worklist",
        "Find studies by accession number, patient id or name. Audited, without the text.",
        worklist.search_worklist,
        "studies with identity",
        act=Act.READ_STUDY,
        body=worklist.SEARCH_BODY,
    ),
    Operation(
        "GET",
        "/api/worklist/places/{study_key}",
        "place",
        "Where a study stands on the list, and why.",
        worklist.get_place,
        "place, reason, waiting time and limit; no identity",
        act=Act.SEE_WORKLIST,
    ),
    Operation(
        "GET",
        "/api/worklist/views",
        "saved_views",
        "The views one has saved.",
        saved_views.get_views,
        "views",
        act=Act.SEE_WORKLIST,
    ),
    Operation(
        "PUT",
        "/api/worklist/views",
        "save_views",
        "Save one's views, all at once.",
        saved_views.save_views,
        "views",
        act=Act.SEE_WORKLIST,
        access=Access.PERSON,
        body=saved_views.VIEWS_BODY,
    ),
)
