// A counter-top case for the terminal: a desk-shaped body and a lid with display, keys and paper.
//
//   openscad -D 'part="lid"' -o lid.stl case.scad      part: "body", "lid", or "both" to look at
//
// All lengths in millimetres. Measure your own parts: modules of one name differ by a millimetre.

part = "both"; // [both, body, lid]

/* [Walls] */
wall = 2.4;
gap = 0.3;     // between what is to slide
corner = 6;    // radius
front = 32;    // height at the customer's side
slope = 9;     // degrees; the lid leans towards who reads it

/* [Raspberry Pi: 85 × 56, four M2.5 holes 58 × 49] */
pi_size = [85, 56];
pi_holes = [58, 49];
pi_inset = 3.5;
pi_standoff = 6;
pi_ports = 54;  // width of the side with USB and network
pi_clear = 18;  // height above the board on that side

/* [OLED 0.96": the board, its holes, and the part of the display that lights] */
oled_board = [27.5, 27.8];
oled_holes = [23.5, 23.8];
oled_window = [25, 14];
oled_rise = 2;  // the window's middle above the board's

/* [Keypad: a membrane pad lies in a recess, its tail goes through a slot] */
pad = [69.5, 77.5];
pad_recess = 0.9;
tail = [22, 2.5];

/* [Printer: a 58 mm panel printer, through the lid behind the keys] */
printer = [104.5, 54.5];
printer_depth = 46;

/* [Card reader: its slot in the front wall] */
slot = [58, 5];
slot_above_floor = 10;
reader_board = [68, 60];

/* [Hidden] */
margin = 10;
inner = [printer.x + 2 * margin, 3 * margin + pad.y + printer.y + oled_board.y + margin];
outer = inner + [2 * wall, 2 * wall];
back = front + outer.y * tan(slope);
pi_at = [outer.x - wall - gap - pi_size.x, wall + reader_board.y + 6]; // its USB at the right wall
$fn = 48;
eps = 0.01;

module footprint(size, radius) {
  offset(radius) offset(-radius) square(size);
}

// What lies below the lid's plane: the plane begins at `height` in front and rises by `slope`.
module below_lid(height) {
  translate([-50, 0, 0])
    rotate([90, 0, 90])
      linear_extrude(outer.x + 100)
        polygon([[-50, -50], [outer.y + 50, -50],
                 [outer.y + 50, height + (outer.y + 50) * tan(slope)],
                 [-50, height - 50 * tan(slope)]]);
}

module body() {
  difference() {
    intersection() {
      linear_extrude(back + 50) footprint(outer, corner);
      below_lid(front);
    }
    translate([wall, wall, wall]) linear_extrude(back + 50) footprint(inner, corner - wall);
    card_slot();
    ports();
    cooling();
  }
  translate([pi_at.x, pi_at.y, wall]) standoffs();
  reader_rails();
  for (x = [corner, outer.x - corner], y = [corner, outer.y - corner]) translate([x, y, 0]) post();
}

// A post for a self-tapping M3 screw from above.
module post() {
  difference() {
    intersection() {
      cylinder(r = 4.5, h = back + 50);
      below_lid(front - 2.8);
    }
    translate([0, 0, wall]) cylinder(d = 2.6, h = back + 50);
  }
}

module standoffs() {
  for (x = [0, pi_holes.x], y = [0, pi_holes.y])
    translate([pi_inset + x, pi_inset + y, 0])
      difference() {
        cylinder(d = 6, h = pi_standoff);
        cylinder(d = 2.2, h = pi_standoff + eps);
      }
}

module card_slot() {
  translate([(outer.x - slot.x) / 2, -eps, wall + slot_above_floor]) {
    cube([slot.x, wall + 2 * eps, slot.y]);
    // a thumb finds the card
    translate([slot.x / 2, 0, slot.y / 2]) rotate([-90, 0, 0]) cylinder(d = 16, h = wall + 2 * eps);
  }
}

// Two rails that hold the reader's board by its sides, level with the slot.
module reader_rails() {
  for (side = [0, 1])
    translate([(outer.x - reader_board.x) / 2 + side * (reader_board.x + gap) - 3 * (1 - side),
               wall, wall])
      difference() {
        cube([3, reader_board.y, slot_above_floor + 6]);
        translate([side ? -eps : 1.5, -eps, slot_above_floor - 1])
          cube([1.5 + eps, reader_board.y + 2 * eps, 1.6 + gap]);
      }
}

// USB and network to the right; the cables of both supplies out at the back.
module ports() {
  translate([outer.x - wall - eps, pi_at.y + (pi_size.y - pi_ports) / 2, wall + pi_standoff])
    cube([wall + 2 * eps, pi_ports, pi_clear]);
  translate([(outer.x - 30) / 2, outer.y - wall - eps, wall + 3]) cube([30, wall + 2 * eps, 10]);
}

module cooling() {
  for (i = [0 : 7])
    translate([pi_at.x + 8 + i * 9, pi_at.y + 8, -eps])
      cube([3, 40, wall + 2 * eps]);
}

// The lid lies flat here, its outside up; y runs up the slope.
module lid() {
  long = outer.y / cos(slope);
  difference() {
    linear_extrude(wall) footprint([outer.x, long], corner);
    translate([(outer.x - pad.x) / 2, margin, 0]) keypad_place();
    translate([outer.x / 2, margin + pad.y + margin + oled_board.y / 2, 0]) oled_place();
    translate([(outer.x - printer.x) / 2, long - wall - margin / 2 - printer.y, -eps])
      cube([printer.x, printer.y, wall + 2 * eps]);
    for (x = [corner, outer.x - corner], y = [corner, long - corner])
      translate([x, y, -eps]) {
        cylinder(d = 3.4, h = wall + 2 * eps);
        translate([0, 0, wall - 1.2]) cylinder(d1 = 3.4, d2 = 6, h = 1.2 + 2 * eps);
      }
  }
  // the display's board hangs below its window
  translate([outer.x / 2, margin + pad.y + margin + oled_board.y / 2, 0])
    for (x = [-1, 1], y = [-1, 1])
      translate([x * oled_holes.x / 2, y * oled_holes.y / 2, -3])
        difference() {
          cylinder(d = 4, h = 3 + eps);
          translate([0, 0, -eps]) cylinder(d = 1.7, h = 3);
        }
}

module keypad_place() {
  translate([0, 0, wall - pad_recess]) cube([pad.x, pad.y, pad_recess + eps]);
  translate([(pad.x - tail.x) / 2, pad.y - tail.y - 1, -eps]) cube([tail.x, tail.y, wall]);
}

module oled_place() {
  hull() { // bevelled, so that a tall person sees the lowest row
    translate([-oled_window.x / 2, oled_rise - oled_window.y / 2, -eps])
      cube([oled_window.x, oled_window.y, eps]);
    translate([-oled_window.x / 2 - 1.5, oled_rise - oled_window.y / 2 - 1.5, wall])
      cube([oled_window.x + 3, oled_window.y + 3, eps]);
  }
}

assert(front > wall + slot_above_floor + slot.y + 8, "the card's slot is too high for this front");
assert(pi_at.x > wall, "the Pi is wider than the case");
assert(pi_at.y + pi_size.y < outer.y - 2 * wall - margin / 2 - printer.y,
       "the Pi is below the printer, and both are too high");
assert(back - wall > printer_depth, "the printer is deeper than the case: raise front or slope");

if (part == "body") body();
if (part == "lid") lid();
if (part == "both") {
  color("#4a5560") body();
  color("#d8dce0") translate([0, 0, front + 55]) rotate([slope, 0, 0]) lid();
}
