"""Networks of others beside the hourglass, trained alike on LSPET at equal cost."""

import mmhg  # noqa: F401  ahead of MMPose, which today's packages need
