from typing_extensions import Buffer

def area_average(
    stored: Buffer,
    item_size: int,
    rows: int,
    columns: int,
    display: Buffer,
    out: Buffer,
    out_rows: int,
    out_columns: int,
    /,
) -> None: ...
