# Keeps the credential out of the decision log, where the input is only what the policy reads.
package system.log

import rego.v1

mask contains "/input/authorization"
