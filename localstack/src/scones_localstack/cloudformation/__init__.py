"""AWS::SageMaker::Model, EndpointConfig and Endpoint in LocalStack's CloudFormation.

LocalStack finds the plugins by name. Each loads a provider, which calls SageMaker through
LocalStack as any client does: a template's resource becomes one that `describe_endpoint` shows too.
"""
