//! Owns the generated city's subway: some of Seoul's lines with the stations of the table (`station`), so that walking and
//! riding works without data. Times are made from distances, headways are the usual ones.

use crate::position::Bounds;
use crate::road::subway::{Line, Ride, Stop, Subway, Transfer};
use crate::road::subway_csv::usual_headways;
use crate::station::STATIONS;

/// Lines as stations in order, without the word for station; a first name that comes again at the end closes a circle.
const LINES: [(&str, &[&str]); 7] = [
    ("1", &["신도림", "신용산", "서울", "시청", "종로3가", "종로5가", "동대문", "청량리", "석계", "창동", "도봉산"]),
    (
        "2",
        &[
            "시청",
            "을지로입구",
            "을지로3가",
            "동대문역사문화공원",
            "왕십리",
            "성수",
            "건대입구",
            "강변",
            "잠실",
            "종합운동장",
            "삼성",
            "선릉",
            "역삼",
            "강남",
            "교대",
            "사당",
            "서울대입구",
            "신림",
            "구로디지털단지",
            "대림",
            "신도림",
            "영등포구청",
            "당산",
            "합정",
            "홍대입구",
            "신촌",
            "시청",
        ],
    ),
    (
        "3",
        &[
            "구파발",
            "연신내",
            "불광",
            "홍제",
            "안국",
            "종로3가",
            "을지로3가",
            "충무로",
            "압구정",
            "신사",
            "고속터미널",
            "교대",
            "양재",
            "수서",
        ],
    ),
    (
        "4",
        &[
            "노원",
            "창동",
            "수유",
            "미아사거리",
            "길음",
            "성신여대입구",
            "혜화",
            "동대문",
            "동대문역사문화공원",
            "충무로",
            "명동",
            "서울",
            "삼각지",
            "신용산",
            "사당",
        ],
    ),
    (
        "5",
        &[
            "김포공항",
            "마곡",
            "화곡",
            "까치산",
            "오목교",
            "영등포구청",
            "여의도",
            "공덕",
            "광화문",
            "종로3가",
            "동대문역사문화공원",
            "왕십리",
            "군자",
            "천호",
            "강동",
        ],
    ),
    ("6", &["연신내", "디지털미디어시티", "합정", "공덕", "삼각지", "석계"]),
    (
        "7",
        &[
            "도봉산",
            "노원",
            "상봉",
            "사가정",
            "군자",
            "건대입구",
            "강남구청",
            "고속터미널",
            "대림",
            "가산디지털단지",
            "온수",
        ],
    ),
];

/// Trains make 36 km/h between stops that lie a little further apart than the straight line, and stand half a minute.
const RIDE_MPS: f64 = 10.0;
const DETOUR: f64 = 1.15;
const STAND_S: u32 = 30;

/// From one platform to another inside a station.
const TRANSFER_S: u32 = 150;

/// The stops within `bounds` and what runs between them.
pub(super) fn within(bounds: &Bounds) -> Subway {
    let mut subway = Subway::default();
    for (name, stations) in LINES {
        let line = subway.lines.len() as u32;
        subway.lines.push(Line { name: name.to_owned(), headway_s: [0; 24] });
        let mut before: Option<u32> = None;
        for &station in stations {
            before = stop(&mut subway, line, station, bounds).inspect(|&here| {
                if let Some(before) = before {
                    join(&mut subway, before, here);
                }
            });
        }
    }
    for from in 0..subway.stops.len() as u32 {
        for to in 0..subway.stops.len() as u32 {
            let (a, b) = (&subway.stops[from as usize], &subway.stops[to as usize]);
            if a.line != b.line && a.name == b.name {
                subway.transfers.push(Transfer { from, to, seconds: TRANSFER_S });
            }
        }
    }
    usual_headways(&mut subway.lines);
    subway
}

/// The stop of a line at a station; `None` outside the map.
fn stop(subway: &mut Subway, line: u32, name: &str, bounds: &Bounds) -> Option<u32> {
    if let Some(known) = subway.stops.iter().position(|s| s.line == line && s.name == name) {
        return Some(known as u32);
    }
    let at = STATIONS.iter().find(|s| s.name.strip_suffix('역') == Some(name))?.position();
    if !bounds.contains(at) {
        return None;
    }
    subway.stops.push(Stop { name: name.to_owned(), line, at, open: true });
    Some(subway.stops.len() as u32 - 1)
}

fn join(subway: &mut Subway, a: u32, b: u32) {
    let metres = subway.stops[a as usize].at.distance_m(subway.stops[b as usize].at);
    let seconds = (metres * DETOUR / RIDE_MPS) as u32 + STAND_S;
    subway.rides.extend([(a, b), (b, a)].map(|(from, to)| Ride { from, to, seconds }));
}
