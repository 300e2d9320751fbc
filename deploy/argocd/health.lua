-- What Argo CD shows of an object of tenantry.dev, whatever its kind: kustomization.yaml names this script for each.
-- Argo CD gives it no library but base and table: there is no string.format here.

if obj.kind == "SchemaRevision" or obj.kind == "TenantSlice" then
  return { status = "Healthy", message = "" }
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready

local function say(health, condition)
  return { status = health, message = condition.reason .. ": " .. (condition.message or "") }
end

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "It is being deleted" }
end
if status.observedGeneration ~= obj.metadata.generation or ready == nil then
  return { status = "Progressing", message = "The operator has not looked at it yet" }
end
if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  return say("Degraded", conditions.Stalled)
end
if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  return say("Progressing", conditions.Reconciling)
end
if ready.status == "True" then
  return say("Healthy", ready)
end

-- Ready is False, or not known, and nothing is being done about it by itself. What that comes to says its reason.
local shown = {
  -- Somebody's word is waited for.
  AwaitingApproval = "Suspended",
  Paused = "Suspended",
  WavePause = "Suspended",
  Suspended = "Suspended",
  -- Something that another object, often of the same sync, brings. Degraded would make the sync fail.
  ReferenceMissing = "Progressing",
  SecretIncomplete = "Progressing",
  -- A definition is taken by a server once a TenantSet uses it. A sync by waves must not wait for that.
  NotCompiled = "Healthy",
  -- A newer rollout took this one's place.
  Superseded = "Healthy",
}
local otherwise = "Degraded"
if ready.status == "Unknown" then
  otherwise = "Progressing"
end
return say(shown[ready.reason] or otherwise, ready)
