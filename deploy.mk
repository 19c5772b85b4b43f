# One command per environment against AWS, by the real Pulumi CLI: make deploy ENV=dev (see docs/deploying.md).
.PHONY: deploy preview destroy refresh outputs layer policies new-access environment confirmed

OTHER_NAME_development := dev
OTHER_NAME_stg := staging
OTHER_NAME_production := prod
STACK := $(or $(OTHER_NAME_$(ENV)),$(ENV))
LET_GO := build/let-go-of-$(STACK)

environment:
	@case "$(STACK)" in dev|staging|prod) ;; *) echo 'which environment? type make $(MAKECMDGOALS) ENV=dev (or staging, prod)' >&2; exit 2;; esac
	@command -v pulumi >/dev/null || { echo 'the pulumi CLI is not installed; without an account type localcloud apply --env $(STACK)' >&2; exit 2; }

layer: setup ## the layer with the functions' dependencies, for arm64
	$(BIN)/python -m stack.layer

deploy: environment layer ## ENV=dev|staging|prod: creates or updates it on AWS
	@! test -e $(LET_GO) || { rm $(LET_GO); echo 'a destroy of $(STACK) was begun: its data is unprotected until you type pulumi config rm unprotected --stack $(STACK) and pulumi config rm deletionProtection --stack $(STACK)' >&2; }
	pulumi up --stack $(STACK)

preview: environment layer ## ENV=...: what deploy would do
	pulumi preview --stack $(STACK)

refresh: environment ## ENV=...: takes over what changed outside
	pulumi refresh --stack $(STACK)

outputs: environment ## ENV=...: URLs, ARNs and names
	pulumi stack output --json --stack $(STACK)

destroy: confirmed $(LET_GO) ## ENV=...: asks for the environment's name, lets go of its data, deletes everything
	pulumi destroy --yes --stack $(STACK)
	@rm $(LET_GO)
	pulumi config rm unprotected --stack $(STACK)
	pulumi config rm deletionProtection --stack $(STACK)

confirmed: environment
	@test "$(CONFIRM)" = "$(STACK)" || { printf 'everything of $(STACK), its data too, will be deleted; type its name: '; read answer; test "$$answer" = "$(STACK)"; }

# Done once: after a destroy that was stopped half-way, another up would make again what is already deleted.
$(LET_GO): | confirmed layer
	pulumi config set unprotected all --stack $(STACK)
	pulumi config set deletionProtection false --stack $(STACK)
	pulumi up --yes --skip-preview --stack $(STACK)
	@mkdir -p $(@D) && touch $@

policies: setup ## ENV=...: IAM Access Analyzer's opinion of every policy; needs the aws CLI and an account
	@test -n "$(ENV)" || { echo 'which environment? type make policies ENV=dev' >&2; exit 2; }
	@for document in $$($(BIN)/python -m stack.grants --env $(STACK)); do \
	  case "$$document" in */resource-*) kind=RESOURCE_POLICY;; *) kind=IDENTITY_POLICY;; esac; \
	  findings=$$(aws accessanalyzer validate-policy --policy-type $$kind --policy-document "file://$$document" \
	    --query 'findings[].[findingType,issueCode,findingDetails]' --output text) || exit 75; \
	  printf '%s: %s\n' "$$document" "$${findings:-nothing found}"; \
	  test -z "$$findings" || failed=1; \
	done; test -z "$$failed"

BASE ?= HEAD~1
new-access: setup ## ENV=... BASE=rev: whether any policy grants more than at that revision; needs the aws CLI and an account
	@test -n "$(ENV)" || { echo 'which environment? type make new-access ENV=dev BASE=main' >&2; exit 2; }
	@rm -rf build/base && git worktree prune && git worktree add --quiet --detach build/base $(BASE)
	@cd build/base && $(abspath $(BIN))/python -m stack.grants --env $(STACK) --folder ../policies-base >/dev/null
	@git worktree remove --force build/base
	@for document in $$($(BIN)/python -m stack.grants --env $(STACK)); do \
	  before="build/policies-base/$$(basename $$document)"; \
	  test -f "$$before" || { printf '%s: new\n' "$$document"; failed=1; continue; }; \
	  case "$$document" in */resource-*) kind=RESOURCE_POLICY;; *) kind=IDENTITY_POLICY;; esac; \
	  result=$$(aws accessanalyzer check-no-new-access --policy-type $$kind --query result --output text \
	    --new-policy-document "file://$$document" --existing-policy-document "file://$$before") || exit 75; \
	  printf '%s: %s\n' "$$document" "$$result"; test "$$result" = PASS || failed=1; \
	done; test -z "$$failed"
