// Owns the shapes of docs/PROTOCOL.md as types. Holds no logic; a field a viewer may not see is optional.

export type Role = 'rider' | 'staff' | 'supervisor' | 'admin';
export type Phase =
  | 'requested' | 'reserved' | 'matching' | 'offered' | 'assigned' | 'en_route' | 'arrived' | 'met' | 'escorting'
  | 'completed' | 'cancelled' | 'no_show' | 'unserved';
export const ENDED: readonly Phase[] = ['completed', 'cancelled', 'no_show', 'unserved'];
export const isOpen = (phase: Phase): boolean => !ENDED.includes(phase);

export interface LatLon { lat: number; lon: number }
export interface Place extends LatLon { label?: string | null }

export interface Area extends LatLon { cell: string; radius_m: number }
/** The exact places of a trip, to be hidden again by `until`. */
export interface Revealed { trip: string; pickup: Place; dropoff: Place; until: string }
export interface Session { token: string; role: Role; account: string; display: string; expires_at: string }
export interface Shift { starts_at: string; ends_at: string; mode: Mode }
export type Mode = 'walk' | 'drive' | 'transit' | 'cycle';
export interface Me {
  role: Role; account: string; display: string; agency: { id: string; name: string; kind?: 'company' | 'centre' } | null;
  no: number | null; shift: Shift | null; demo: boolean;
  /** The own call for help of the last hour. */
  call?: { incident: string; taken: boolean } | null;
}

export interface CrewMember {
  no: number; display?: string; phase: Phase; eta_s: number | null; you?: boolean; offer_state?: 'open' | 'accepted';
  /** Finishes another trip before setting out for this one. */
  finishing?: boolean;
  /** That takes longer than was thought: they have said a later time. */
  later?: boolean;
  /** Supervisors: the trip this member comes from, and the one they go on to. */
  after?: string; next?: string;
  /** May no longer be in this crew: suspended, or tied to the rider. Supervisors only, present only when so. */
  barred?: boolean;
}
export interface Trip {
  id: string; booking?: string; leg?: 'single' | 'outward' | 'return'; phase: Phase; crew_size?: number;
  requested_at?: string; waits_since?: string | null; pickup_at?: string | null; escalated?: boolean; trip_s?: number | null;
  updated_at?: string; change_no?: number;
  pickup?: Place; dropoff?: Place; area?: Area; dropoff_area?: Area; crew?: CrewMember[]; word?: string; partner_word?: string; rider_ref?: string;
  /** Crew, only if true: a member is in one of the rider's avoid zones or beside one. */
  in_zone?: boolean;
  /** Crew: from when on this member may set out, only while it is too early. */
  set_out?: { from: string; in_s: number };
  /** Supervisors: whether this one may decide over it. */
  concerned?: boolean;
  /** Supervisors: what the trip watch sees, what needs somebody first. */
  watch?: WatchSign[];
  /** Riders: the crew that had accepted would have come too late. */
  crew_was_late?: boolean;
}
/** What is to be seen of a trip beside its phase; `since` is null if nothing was ever heard. */
export interface WatchSign {
  sign: 'silent' | 'no_way' | 'left_meeting' | 'in_zone' | 'apart' | 'at_meeting' | 'at_dropoff'; nos: number[]; since: string | null;
}

/** One thing that happened on a trip; `by` is null for the engine. */
export interface HistoryEvent { at: string; event: string; to?: Phase; by: Role | null; no: number | null }

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';
export interface Commute { days: Weekday[]; outward_at: string; return_at: string; from: string; until: string }
export type BookingBody = { pickup: Place; dropoff: Place } & (
  | { kind: 'now' } | { kind: 'at'; at: string } | { kind: 'commute'; commute: Commute });
export interface Booked { booking: { id: string; kind: string; series: string | null }; trips: Trip[] }
export interface Series {
  id: string; days: Weekday[]; outward_at: string; return_at: string; from: string; until: string;
  skips: string[]; ended: boolean;
}

export type FixKind = 'gps' | 'network' | 'tower' | 'manual' | 'demo';
export interface Fix extends LatLon { acc_m: number; kind: FixKind; age_ms: number; seq: number }

export type Partner = 'open' | 'accepted' | 'none';
export interface Offer {
  state?: 'open' | 'accepted'; id: string; trip: string; slot: number; area: Area;
  eta_s: number; eta_p90_s?: number | null; eta_source?: EtaSource | null; pickup_at: string | null; trip_s: number | null; crew_size: number;
  offered_at: string; expires_at: string; expires_in_s: number; partner: Partner;
  /** Follows the present trip of this phone. */
  next?: boolean;
}
/** An accepted trip that follows the present one: roughly where, and when they said they would be there. */
export interface Next { trip: string; area: Area; at: string; p90_at?: string; eta_promised_on?: EtaSource; later?: boolean }
export interface Card { offer: Offer | null; trip: Trip | null; next?: Next | null; shift: Shift | null }

export type StaffState = 'available' | 'offered' | 'assigned' | 'en_route' | 'arrived' | 'escorting' | 'off_shift';
/** The order is the wire's number in `map` messages. */
export const STAFF_STATES: readonly StaffState[] =
  ['available', 'offered', 'assigned', 'en_route', 'arrived', 'escorting', 'off_shift'];
export interface StaffRow {
  id: string; no: number; display: string; agency: string; kind: 'guard' | 'supporter'; mode: Mode | null;
  state: StaffState; trip: string | null;
  /** Why the newest fix of the phone is not where it is now, so that the marker stands still or is hollow. */
  verdict: Doubt | null;
  /** At work, and nobody knows where: they are not asked until they are heard. */
  silent: boolean;
}
export type Doubt = 'late' | 'old' | 'jump' | 'future' | 'too_old' | 'inaccurate' | 'outside_area';
export interface Incident {
  id: string; kind: 'sos' | 'no_show' | 'staff_suspended' | 'rider_suspended' | 'member_barred' | 'crew_unfit'; raised_by: 'rider' | 'staff'; no: number | null; trip: string | null; raised_at: string;
  /** Where the device was when it raised the alarm, and where it was last. */
  position: DevicePosition | null; live: DevicePosition | null; registered: Place[];
  /** Where it says to be since then, without being believed. */
  doubted: DevicePosition | null;
  /** Whether this console may take it. */
  concerned: boolean;
  acknowledged_by: string | null; acknowledged_at: string | null;
}
export interface DevicePosition extends LatLon { acc_m: number; age_s: number; taken_at: string; verdict?: Doubt }
/** A one-time code for signing in. */
export interface GivenCode { code: string; expires_at: string }
/** Of which there are rows that this version of the server cannot read. */
export type RowKind = 'trips' | 'incidents' | 'staff' | 'series' | 'outbox' | 'conditions' | 'observations';
export interface ConsoleState { trips: Trip[]; staff: StaffRow[]; incidents: Incident[]; unreadable: RowKind[]; now: string }
export interface Cell { cell: string; available: number; busy: number; open_trips: number; boundary: [number, number][] }
export interface Candidate {
  staff: string; no: number; display: string; eta_s: number | null; eta_p90_s?: number | null; eta_source: EtaSource | null; violations: string[];
  /** Of somebody on another trip: until it should have ended, and until they could then be here. */
  after?: { free_in_s: number; there_in_s: number; there_p90_s?: number; source?: EtaSource };
}

export interface Named extends LatLon { name: string; name_en: string }
export interface MapInfo {
  name: string; bounds: [number, number, number, number]; center: [number, number]; attribution: string;
  generated: boolean; tiles: string; districts: Named[]; stations: Named[]; lines: string[];
}
export type Prefer = 'fastest' | 'safer';
export interface Leg {
  turn: 'start' | 'straight' | 'left' | 'right' | 'back'; along: 'street' | 'ride' | 'station' | 'off_streets'; name: string | null;
  length_m: number; duration_s: number; from: number;
}
export interface Way {
  to: 'pickup' | 'dropoff'; mode: Mode; without_car?: boolean; prefer: Prefer; duration_s: number; p90_s: number; source: EtaSource; length_m: number; detour_s: number;
  zones: 'none' | 'kept_out' | 'begins_inside' | 'ends_inside' | 'cut_off' | 'crossed'; fix_age_s: number;
  line: [number, number][]; legs: Leg[];
}
export type RoadClass = 'motorway' | 'primary' | 'secondary' | 'tertiary' | 'residential' | 'path';
export interface TravelHour {
  hour: number; observations: number; source: 'road' | 'calibrated'; spread: number;
  factors: Record<RoadClass, number>; observations_on: Record<RoadClass, number>;
}
export interface TravelProfile {
  profile: Mode; calibrated: boolean; source: 'road' | 'calibrated'; observations: number; hours: TravelHour[];
  coverage: { observations: number; within_p50: number; within_p90: number } | null;
}
/** What finished ways taught about travel times. */
export interface Travel { hour: number; reweighed_at: string | null; fitted_at: string | null; profiles: TravelProfile[] }
export type OnStreets = 'walk' | 'cycle' | 'drive';
/** Which streets, or which line of the subway: one of the four. */
export interface Streets { class?: RoadClass; line?: string; around?: { at: LatLon; radius_m: number }; along?: { from: LatLon; to: LatLon; /** Absent is one. */ both_carriageways?: boolean } }
/** What somebody says of streets: closed, or so many times as long. */
export interface ConditionBody extends Streets {
  closed?: true; factor?: number; modes: OnStreets[]; hours?: { from: number; to: number }; until?: string;
}
/** What is said of streets. */
export interface Condition extends Streets {
  id: string; closed: boolean; factor?: number; modes: OnStreets[]; hours?: { from: number; to: number };
  until: string | null; created_at: string; in_force: boolean; of_nothing?: true;
}
export interface ReachCell { cell: string; seconds: number; p90_s: number; source?: EtaSource; boundary: [number, number][] }
/** A circle that a rider's crew is led around; its place goes one way. */
export interface ZoneBody { around: { at: LatLon; radius_m: number } }
export interface Zone { id: string; radius_m: number; created_at: string }
/** From where a point is reached; a cell names its source where that is another. */
export interface Reach { source: EtaSource; cells: ReachCell[] }
export interface Route { points: [number, number][]; length_m: number; duration_s: number }

export type EtaSource = 'road' | 'calibrated' | 'straight' | 'promise' | 'no_way';
export interface CrewEta { no: number; eta_s: number | null; eta_p90_s?: number | null; eta_source?: EtaSource | null; eta_promised_on?: EtaSource }
export interface CrewAt extends LatLon, CrewEta { acc_m: number; age_s: number }
/** no, lat, lon, state, age_s, acc_m */
export type PersonAt = [number, number, number, number, number, number];

/** cell, available, busy, and the outline of a cell that had nobody */
export type CellAt = [string, number, number, [number, number][]?];
/** What a screen shows, in degrees; zoom as the server counts it. */
export interface View { west: number; south: number; east: number; north: number; zoom: number }

/** What the socket delivers to a page; numbered ones have been deduplicated already. */
export type ServerMessage =
  | { t: 'offer'; offer: Offer }
  | { t: 'offer_closed'; offer: string; reason: 'expired' | 'taken_back' | 'cancelled' | 'answered' | 'refilling' }
  | { t: 'partner'; offer: string; partner: Partner }
  | { t: 'trip'; trip: Trip }
  | { t: 'next'; next: Next }
  | { t: 'trip_gone'; trip: string; reason: 'completed' | 'cancelled' | 'released' | 'dropped_out' | 'no_show' | 'refilling' | 'late' | 'taken_back' }
  | { t: 'sos_taken'; incident: string }
  | { t: 'crew_at'; trip: string; crew: CrewAt[]; later?: CrewEta[] }
  | { t: 'console'; n: number; trips?: Trip[]; incidents?: Incident[]; staff?: StaffRow[]; behind?: boolean; unreadable?: RowKind[] }
  | { t: 'map'; n: number; people?: PersonAt[]; gone?: number[] }
  | { t: 'area'; n: number; tier: 'far' | 'near'; whole: boolean; people?: PersonAt[]; gone?: number[]; cells?: CellAt[] };
