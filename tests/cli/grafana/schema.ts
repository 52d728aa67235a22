// What our dashboard must be: Grafana's own types, which @grafana/schema has been generated with from Grafana's schema.
// Grafana's type of a dashboard leaves a panel's queries, options and style open; here they are those of the plug-ins.
import type { CloudWatchMetricsQuery } from "@grafana/schema/dist/esm/raw/composable/cloudwatch/dataquery/x/CloudWatchDataQuery_types.gen";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as GraphStyle,
  Options as GraphOptions,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type {
  Dashboard as AnyDashboard,
  FieldConfig,
  Panel as AnyPanel,
} from "@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen";

interface Panel<Type extends string, Options, Style>
  extends Omit<AnyPanel, "type" | "options" | "targets" | "fieldConfig"> {
  type: Type;
  options: Options;
  targets: CloudWatchMetricsQuery[];
  fieldConfig: { defaults: Omit<FieldConfig, "custom"> & { custom?: Style }; overrides: [] };
}
interface Ours extends Omit<AnyDashboard, "panels"> {
  panels: (Panel<"timeseries", GraphOptions, GraphStyle> | Panel<"stat", StatOptions, never>)[];
}

// A type as JSON has it: an enum's values in place of its names.
type Json<T> = T extends string ? `${T}` : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;
export type Dashboard = Json<Ours>;
