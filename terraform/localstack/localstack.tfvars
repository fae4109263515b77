# No classifier, site or budget: LocalStack knows neither auto scaling, Elastic Beanstalk nor AWS
# Budgets. `scones train` makes the endpoint.
project   = "scones-terraform"
owner     = "local"
email     = "dispatcher@scones-unlimited.example"
keep_data = false
