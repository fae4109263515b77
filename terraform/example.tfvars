# What most people set: copy to terraform.tfvars, which Terraform reads by itself. variables.tf has all.
project = "scones-unlimited"
region  = "us-east-1"
# account_id = "123456789012" # the only account to deploy to
owner  = "platform-team"
expiry = "2027-01-31"
email  = "dispatcher@scones-unlimited.example"

monthly_budget_usd = 50
