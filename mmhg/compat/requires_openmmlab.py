"""Import this first in a package that needs OpenMMLab: where it is missing, the error says so."""

from mmhg.compat.openmmlab import check_installed

check_installed()
