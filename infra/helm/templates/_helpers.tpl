{{- define "standings.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "standings.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "standings.api" -}}
http://{{ .Release.Name }}-server:4200/api
{{- end }}

{{/* One value of the secret as a variable; the pod starts without it only where it may be missing. */}}
{{- define "standings.secret" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .root.Values.secret }}, key: {{ .key | default .name }}{{ if .optional }}, optional: true{{ end }}}
{{- end }}

{{/* Who runs our code: a client of Prefect's API, and of the lake. */}}
{{- define "standings.client" -}}
- {name: PREFECT_API_URL, value: {{ include "standings.api" . | quote }}}
{{ include "standings.secret" (dict "root" . "name" "PREFECT_API_AUTH_STRING" "key" "PREFECT_SERVER_API_AUTH_STRING") }}
- {name: PREFECT_FLOWS_HEARTBEAT_FREQUENCY, value: "30"}
- {name: DO_NOT_TRACK, value: "1"}
- {name: STANDINGS_LAKE, value: {{ .Values.lake | quote }}}
{{- with .Values.s3Endpoint }}
- {name: STANDINGS_S3_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .Values.s3Region }}
- {name: STANDINGS_S3_REGION, value: {{ . | quote }}}
{{- end }}
{{- if .Values.poolsFile }}
- {name: STANDINGS_POOLS, value: /etc/standings/pools.yaml}
{{- end }}
{{ include "standings.secret" (dict "root" . "name" "AWS_ACCESS_KEY_ID" "optional" true) }}
{{ include "standings.secret" (dict "root" . "name" "AWS_SECRET_ACCESS_KEY" "optional" true) }}
{{ include "standings.secret" (dict "root" . "name" "HF_TOKEN" "optional" true) }}
{{- end }}

{{/* Nothing here needs a privilege, and nothing writes outside its own folder. */}}
{{- define "standings.restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
{{- end }}

{{- define "standings.pod" -}}
runAsNonRoot: true
runAsUser: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}
