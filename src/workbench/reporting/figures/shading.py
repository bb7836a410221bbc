"""Shaded cells: images become vectors in the house's few tints, with numbers one can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.reporting.figures import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CELLS = 20_000
"""An image with more cells, such as a photograph, stays as it is."""
MOST_SINGLE = 300
"""With more cells than that, neighbours of one tint are drawn as one band, to keep pages light."""


def shade(axes: Axes) -> bool:
    """Redraw the images and meshes of an Axes as cells in the house's tints.

    A raster cannot turn dark, and a ramp of hundreds of tints cannot be listed; seven tints can,
    and are as many as one can tell apart.

    Returns
    -------
    bool
        Whether there are shaded cells.
    """
    from matplotlib.collections import QuadMesh
    from matplotlib.image import AxesImage

    for image in [drawn for drawn in axes.get_children() if isinstance(drawn, AxesImage)]:
        _as_mesh(axes, image)
    meshes: list[Any] = [drawn for drawn in axes.get_children() if isinstance(drawn, QuadMesh)]
    for mesh in meshes:
        values = mesh.get_array()
        if values is None or values.ndim > 2 or values.size > MOST_CELLS:
            continue
        mesh.set_rasterized(False)
        mesh.set_cmap(_tints(mesh.get_cmap()))
        mesh.set_alpha(None)
        _make_readable(axes, mesh)
        if values.size > MOST_SINGLE:
            _as_bands(axes, mesh)
    return bool(meshes)


def _as_mesh(axes: Axes, image: Any) -> None:
    import numpy as np

    values = image.get_array()
    if values is None or values.ndim != 2 or values.size > MOST_CELLS:
        return
    left, right, bottom, top = image.get_extent()
    rows, columns = values.shape
    limits = axes.get_xlim(), axes.get_ylim()
    upper = image.origin == "upper"
    mesh = axes.pcolormesh(
        np.linspace(left, right, columns + 1),
        np.linspace(top, bottom, rows + 1) if upper else np.linspace(bottom, top, rows + 1),
        values,
        cmap=image.get_cmap(),
        norm=image.norm,
        edgecolors=theme.PAPER,
        linewidth=1.5,
        zorder=image.get_zorder(),
    )
    mesh.set_in_layout(True)
    image.remove()
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def _as_bands(axes: Axes, mesh: Any) -> None:
    import numpy as np

    corners = mesh.get_coordinates()
    x, y = corners[0, :, 0], corners[:, 0, 1]
    values = np.ma.asarray(mesh.get_array()).reshape(len(y) - 1, len(x) - 1)
    steps = np.linspace(mesh.norm.vmin, mesh.norm.vmax, mesh.get_cmap().N + 1)
    middle_x, middle_y = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    axes.contourf(
        middle_x,
        middle_y,
        np.clip(values, steps[0], steps[-1]),
        levels=steps,
        cmap=mesh.get_cmap(),
        norm=mesh.norm,
        zorder=mesh.get_zorder(),
    )
    mesh.remove()
    axes.set_xlim(middle_x[0], middle_x[-1])
    axes.set_ylim(middle_y[0], middle_y[-1])


def _tints(cmap: Any) -> Any:
    from matplotlib.colors import ListedColormap

    if isinstance(cmap, ListedColormap) and cmap.N <= 12:
        return cmap
    name = str(cmap.name).lower()
    # The common diverging maps, in which red is on the left; "_r" turns them over.
    middle = any(part in name for part in ("rdbu", "rdylbu", "puor", "brbg", "piyg", "prgn"))
    colours = list(theme.ORANGE_TO_BLUE if middle else theme.BLUES)
    if "coolwarm" in name or "bwr" in name or "seismic" in name:
        colours = list(reversed(theme.ORANGE_TO_BLUE))
    return ListedColormap(colours[::-1] if name.endswith("_r") else colours)


def _make_readable(axes: Axes, mesh: Any) -> None:
    from matplotlib.colors import to_hex

    mesh.update_scalarmappable()
    painted: Any = mesh.get_facecolor()
    corners = mesh.get_coordinates()
    rows, columns = corners.shape[0] - 1, corners.shape[1] - 1
    for text in axes.texts:
        if text.get_transform() != axes.transData:
            continue
        column = cell_at(corners[0, :, 0], text.get_position()[0])
        row = cell_at(corners[:, 0, 1], text.get_position()[1])
        if column is None or row is None or len(painted) != rows * columns:
            continue
        tint: Any = painted[row * columns + column]
        strong = tint[3] > 0 and to_hex(tint) in theme.STRONG
        text.set_color(theme.PAPER if strong else theme.INK)


def cell_at(edges: Any, at: float) -> int | None:
    """Give the number of the cell, between two edges, that holds a place; None outside."""
    import numpy as np

    rising = bool(edges[-1] >= edges[0])
    place = int(np.searchsorted(edges if rising else edges[::-1], float(at), side="right")) - 1
    if not 0 <= place < len(edges) - 1:
        return None
    return place if rising else len(edges) - 2 - place
