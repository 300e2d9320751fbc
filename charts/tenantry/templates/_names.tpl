{{- define "tenantry.name" -}}
{{- if contains "tenantry" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-tenantry" (.Release.Name | trunc 43 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "tenantry.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "tenantry.name" .) -}}
{{- end -}}

{{- define "tenantry.selector" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ .Release.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* What follows an object's name in `metadata`, with `labels` and `annotations` of its own that go before everybody's. */}}
{{- define "tenantry.metadata" -}}
{{- $root := .root -}}
labels:
  app.kubernetes.io/name: tenantry
  app.kubernetes.io/instance: {{ $root.Release.Name | trunc 63 | trimSuffix "-" }}
  app.kubernetes.io/part-of: tenantry
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
  {{- with merge (dict) (.labels | default dict) $root.Values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) $root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
