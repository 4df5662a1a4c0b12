// A walk leads to the same places whichever way it goes.

import Debugging
import Testing
